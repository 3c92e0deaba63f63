//! The JSON door: the options of `tt.uploadFile` in, its callbacks' objects out, and an engine's settings by name.

use std::time::Duration;

use quintet::{Headers, Outcome, Progress, Redirects, SuspendActive, UploadRequest};
pub(crate) use quintet_options::Include;
use quintet_options::{Call, DEPTH_MAX, Value, headers_received};
use serde_json::Value as Json;

use crate::failure::Failure;
use crate::host::Setup;

/// A request of these options. What is wrong with one of them is the upload's outcome, as everywhere; what is no object
/// is refused here.
pub(crate) fn request(json: &[u8]) -> Result<(UploadRequest, Include), Failure> {
    let json = object("the options", json)?;
    let call = quintet_options::read(&Value::from(json), Include::default());
    let call = call.unwrap_or_else(Call::refused);
    Ok((call.request, call.include))
}

pub(crate) fn progress(progress: &Progress) -> String {
    text(quintet_options::progress(progress))
}

pub(crate) fn headers(status: u16, headers: &Headers) -> String {
    text(headers_received(status, headers))
}

pub(crate) fn result(outcome: &Outcome, include: Include) -> String {
    text(quintet_options::result(outcome, include))
}

fn text(value: Value) -> String {
    Json::from(value).to_string()
}

fn object(what: &str, json: &[u8]) -> Result<Json, Failure> {
    let json: Json = serde_json::from_slice(json)
        .map_err(|error| Failure::invalid(format_args!("{what} are not JSON: {error}")))?;
    match json.is_object() {
        _ if depth(&json) > DEPTH_MAX => Err(Failure::invalid(format_args!(
            "{what} hold more than {DEPTH_MAX} lists and objects within each other"
        ))),
        true => Ok(json),
        false => Err(Failure::invalid(format_args!(
            "{what} are JSON, but no object"
        ))),
    }
}

/// Lists and objects within each other; the parser bounds them.
fn depth(json: &Json) -> usize {
    let below = match json {
        Json::Array(values) => values.iter().map(depth).max(),
        Json::Object(entries) => entries.values().map(depth).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

/// Reads an engine's settings: each may be left out, none may be unknown.
pub(crate) fn settings(json: &[u8], setup: &mut Setup) -> Result<(), Failure> {
    let Setup {
        settings,
        trust,
        rules,
        only_public,
    } = setup;
    for (key, value) in object("the settings", json)?
        .as_object()
        .into_iter()
        .flatten()
    {
        let value = Setting { key, value };
        match key.as_str() {
            "activeMax" => settings.active_max = value.size()?,
            "queueMax" => settings.queue_max = value.size()?,
            "activePerHostMax" => settings.active_per_host_max = Some(value.size()?),
            "pausedKeepsSlot" => settings.paused_keeps_slot = value.truth()?,
            "suspendActive" => {
                settings.suspend_active = value.one_of(&[
                    ("pause", SuspendActive::Pause),
                    ("interrupt", SuspendActive::Interrupt),
                    ("run", SuspendActive::Run),
                ])?;
            }
            "connectTimeout" => settings.connect_timeout = value.millis()?,
            "stallTimeout" => settings.stall_timeout = value.millis()?,
            "responseTimeout" => settings.response_timeout = Some(value.millis()?),
            "responseHeadTimeout" => settings.response_head_timeout = value.millis()?,
            "expectContinueAbove" => settings.expect_continue_above = Some(value.number()?),
            "progressInterval" => settings.progress_interval = value.millis()?,
            "redirects" => {
                settings.redirects = value.one_of(&[
                    ("off", Redirects::Off),
                    ("same-origin", Redirects::SameOrigin),
                    ("any", Redirects::Any),
                ])?;
            }
            "redirectsMax" => settings.redirects_max = value.short()?,
            "rateMax" => settings.rate_max = value.number()?,
            "retryPercent" => settings.retry_percent = value.short()?,
            "retryReserve" => settings.retry_reserve = value.short()?,
            "responseBytesMax" => settings.limits.body_bytes_max = value.number()?,
            "fileBytesMax" => settings.file_bytes_max = Some(value.number()?),
            "idleTimeout" => settings.idle_timeout = value.millis()?,
            "idleMax" => settings.idle_max = value.size()?,
            "userAgent" => settings.user_agent = value.text()?.into(),
            "rootPem" => trust.root_pem.extend(value.text()?.bytes()),
            "onlyGivenRoots" => trust.only_given = value.truth()?,
            "crlPem" => trust.crl_pem.extend(value.text()?.bytes()),
            "pins" => trust.pins = value.texts()?,
            "clientCertificate" => trust.identity = Some(value.identity()?),
            "domains" => {
                for domain in value.texts()? {
                    let permitted = std::mem::take(rules).domain(&domain);
                    *rules = permitted.map_err(Failure::invalid)?;
                }
            }
            "httpsOnly" if value.truth()? => *rules = std::mem::take(rules).https_only(),
            "httpsOnly" => {}
            "publicAddressesOnly" => *only_public = value.truth()?,
            _ => {
                return Err(Failure::invalid(format_args!(
                    "there is no setting named {key:?}"
                )));
            }
        }
    }
    Ok(())
}

struct Setting<'a> {
    key: &'a str,
    value: &'a Json,
}

impl<'a> Setting<'a> {
    fn number(&self) -> Result<u64, Failure> {
        let number = self.value.as_u64();
        number.ok_or_else(|| self.must_be("a whole number, 0 or more"))
    }

    fn size(&self) -> Result<usize, Failure> {
        usize::try_from(self.number()?).map_err(|_| self.must_be("a number that memory has"))
    }

    fn short(&self) -> Result<u32, Failure> {
        u32::try_from(self.number()?).map_err(|_| self.must_be("less than 4,294,967,296"))
    }

    fn millis(&self) -> Result<Duration, Failure> {
        self.number().map(Duration::from_millis)
    }

    fn truth(&self) -> Result<bool, Failure> {
        self.value
            .as_bool()
            .ok_or_else(|| self.must_be("true or false"))
    }

    fn text(&self) -> Result<&'a str, Failure> {
        self.value.as_str().ok_or_else(|| self.must_be("a string"))
    }

    fn texts(&self) -> Result<Vec<String>, Failure> {
        let texts = self.value.as_array().map(|values| {
            let texts = values.iter().map(|value| value.as_str().map(String::from));
            texts.collect::<Option<Vec<_>>>()
        });
        texts
            .flatten()
            .ok_or_else(|| self.must_be("a list of strings"))
    }

    fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, Failure> {
        let said = self.text()?;
        let found = words.iter().find(|(word, _)| *word == said);
        found.map(|(_, means)| *means).ok_or_else(|| {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.must_be(&format!("one of {}", words.join(", ")))
        })
    }

    /// `{ "chainPem": …, "keyPem": … }`.
    fn identity(&self) -> Result<(Vec<u8>, Vec<u8>), Failure> {
        let part = |name: &str| Some(self.value.get(name)?.as_str()?.as_bytes().to_vec());
        part("chainPem")
            .zip(part("keyPem"))
            .ok_or_else(|| self.must_be("an object of the strings chainPem and keyPem"))
    }

    fn must_be(&self, wanted: &str) -> Failure {
        Failure::invalid(format_args!("the setting {} must be {wanted}", self.key))
    }
}
