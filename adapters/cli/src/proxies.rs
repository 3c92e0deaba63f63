//! Which proxy leads to which scheme: by `--proxy` and `--noproxy`, else by the environment as curl reads it.

use std::env;
use std::io;

use quintet_proxy::{NoProxy, Proxy};

use crate::way::Way;

/// For the help.
pub(crate) const PROXY_HELP: &str = "\
Without --proxy the environment says which one: for https: URLs https_proxy or HTTPS_PROXY, for http: URLs http_proxy \
(in lower case alone), and for either, where there is none, all_proxy or ALL_PROXY. Without --noproxy it is no_proxy or \
NO_PROXY. An empty variable counts as none. No host is reached past a proxy unless it is listed, this machine included. A \
password on the command line can be seen by everybody on the machine; in the environment it cannot.";

/// The proxies of one run; where there is none, the way is direct.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Proxies {
    pub(crate) http: Option<Proxy>,
    pub(crate) https: Option<Proxy>,
}

impl Proxies {
    pub(crate) fn of(way: &Way) -> io::Result<Self> {
        let variable = |name: &str| {
            let value = env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        Self::choose(way.proxy.as_deref(), way.noproxy.as_deref(), variable)
    }

    fn choose(
        proxy: Option<&str>,
        noproxy: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> io::Result<Self> {
        let first = |names: &[&'static str]| {
            let set = |name: &&'static str| Some((*name, variable(name)?));
            let mut set = names.iter().filter_map(set);
            set.find(|(_, value)| !value.is_empty())
        };
        let given = |names: &[&'static str]| match proxy {
            Some(url) => Some(("--proxy", url.to_owned())).filter(|(_, url)| !url.is_empty()),
            None => first(names),
        };
        let past = match noproxy {
            Some(list) => Some(("--noproxy", list.to_owned())),
            None => first(&["no_proxy", "NO_PROXY"]),
        };
        let past = past.map_or_else(|| Ok(NoProxy::default()), read)?;
        let proxy = |names: &[&'static str]| {
            let read = given(names).map(read::<Proxy>).transpose()?;
            io::Result::Ok(read.map(|proxy| proxy.no_proxy(past.clone())))
        };
        Ok(Self {
            // HTTP_PROXY in capitals is what a web server makes of a request's field `Proxy`.
            http: proxy(&["http_proxy", "all_proxy", "ALL_PROXY"])?,
            https: proxy(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
        })
    }
}

/// Says where a mistake stands, and never shows the value: a proxy's may hold a password.
fn read<T>((place, text): (&'static str, String)) -> io::Result<T>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let read = text.parse();
    read.map_err(|error| io::Error::other(format!("{place}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn chosen(
        proxy: Option<&str>,
        noproxy: Option<&str>,
        set: Variables<'_>,
    ) -> io::Result<Proxies> {
        Proxies::choose(proxy, noproxy, |name| {
            let found = set.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_is_read_as_by_curl_and_the_argument_goes_before_it() {
        for (argument, set, http, https) in [
            (None, &[][..], "", ""),
            (None, &[("http_proxy", "a:1")], "a:1", ""),
            (None, &[("HTTP_PROXY", "a:1")], "", ""),
            (None, &[("https_proxy", "a:1")], "", "a:1"),
            (None, &[("HTTPS_PROXY", "a:1")], "", "a:1"),
            (
                None,
                &[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:1")],
                "",
                "a:1",
            ),
            (
                None,
                &[("https_proxy", ""), ("HTTPS_PROXY", "b:1")],
                "",
                "b:1",
            ),
            (None, &[("ALL_PROXY", "a:1")], "a:1", "a:1"),
            (
                None,
                &[("all_proxy", "a:1"), ("ALL_PROXY", "b:1")],
                "a:1",
                "a:1",
            ),
            (
                None,
                &[("all_proxy", "a:1"), ("http_proxy", "b:1")],
                "b:1",
                "a:1",
            ),
            (Some("c:1"), &[("all_proxy", "a:1")], "c:1", "c:1"),
            (Some(""), &[("all_proxy", "a:1")], "", ""),
            // Not even read.
            (Some("c:1"), &[("all_proxy", "ftp://x")], "c:1", "c:1"),
        ] {
            let proxies = chosen(argument, None, set).expect("good ones");
            let shown =
                |proxy: &Option<Proxy>| proxy.as_ref().map_or(String::new(), Proxy::to_string);
            let url = |text: &str| match text {
                "" => String::new(),
                _ => format!("http://{text}"),
            };
            assert_eq!(shown(&proxies.http), url(http), "{argument:?} {set:?}");
            assert_eq!(shown(&proxies.https), url(https), "{argument:?} {set:?}");
        }
    }

    #[test]
    fn what_goes_past_is_the_arguments_or_the_environments() {
        for (argument, set, expected) in [
            (None, &[][..], ""),
            (None, &[("NO_PROXY", "a")], "a"),
            (None, &[("no_proxy", "b"), ("NO_PROXY", "a")], "b"),
            (Some("c"), &[("no_proxy", "b")], "c"),
            (Some(""), &[("no_proxy", "b")], ""),
        ] {
            let proxies = chosen(Some("p"), argument, set).expect("good ones");
            let expected = "p"
                .parse()
                .map(|proxy: Proxy| proxy.no_proxy(expected.parse().expect("a list")));
            assert_eq!(proxies.http, expected.ok(), "{argument:?} {set:?}");
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_place_and_shows_no_password() {
        for (proxy, noproxy, set, place) in [
            (
                Some("ftp://u:secret@h"),
                None,
                &[][..],
                "--proxy: the scheme",
            ),
            (
                None,
                None,
                &[("all_proxy", "http://u:secret@h:x")],
                "all_proxy: the port",
            ),
            (None, Some("h/x"), &[], "--noproxy: `h/x`"),
            (None, None, &[("NO_PROXY", "h/x")], "NO_PROXY: `h/x`"),
        ] {
            let error = chosen(proxy, noproxy, set).expect_err(place).to_string();
            assert!(
                error.starts_with(place) && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
