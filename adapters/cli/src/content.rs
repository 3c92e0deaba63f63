//! The arguments that say what each request is made of.

use clap::{ArgMatches, ValueEnum};
use quintet::Method;

use crate::form::{self, Item};
use crate::units::write_value;

// What each request is made of, besides the file. (A doc comment here would become the help of the commands.)
#[derive(Debug, clap::Args)]
pub(crate) struct Content {
    /// The form key of the file.
    #[arg(short, long, default_value = "file")]
    pub(crate) name: String,
    /// A field or a file of the form, as curl has it: see below; repeatable, in order.
    #[arg(short = 'F', long, value_name = "NAME=…", value_parser = form::form)]
    pub(crate) form: Vec<Item>,
    /// A field of the form, sent as it stands (`@` and `<` mean nothing); repeatable, in order.
    #[arg(long = "field", alias = "form-string", value_name = "NAME=VALUE", value_parser = form::literal)]
    pub(crate) fields: Vec<Item>,
    /// Both of them, in the order of the arguments.
    #[arg(skip)]
    pub(crate) items: Vec<Item>,
    /// The method.
    #[arg(long, value_name = "METHOD", default_value_t = Verb::Post)]
    pub(crate) method: Verb,
    /// The file is the body, and nothing around it: for object stores, mostly with --method put.
    #[arg(long, conflicts_with_all = ["form", "fields", "name"])]
    pub(crate) raw: bool,
    /// A request header; repeatable. Those that the engine owns are ignored: `send -v` names them.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = name_and_value)]
    pub(crate) headers: Vec<(String, String)>,
    /// The file name told to the server, instead of the last segment of the path.
    #[arg(long, value_name = "NAME")]
    pub(crate) file_name: Option<String>,
    /// The media type of the file, instead of the one that its extension tells.
    #[arg(long, value_name = "TYPE")]
    pub(crate) mime_type: Option<String>,
}

/// The values of `-F` and `--field` as they stand among each other.
pub(crate) fn in_order(matches: &ArgMatches, form: &[Item], fields: &[Item]) -> Vec<Item> {
    let placed = |id: &str, items: &[Item]| {
        let places = matches.indices_of(id).into_iter().flatten();
        places.zip(items.to_vec()).collect::<Vec<_>>()
    };
    let mut all = placed("form", form);
    all.extend(placed("fields", fields));
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, item)| item).collect()
}

/// `post`, `put` or `patch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verb {
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
}

impl From<Verb> for Method {
    fn from(verb: Verb) -> Self {
        match verb {
            Verb::Post => Self::Post,
            Verb::Put => Self::Put,
            Verb::Patch => Self::Patch,
        }
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_value(self, f)
    }
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("a header is NAME: VALUE; the value may be empty")?;
    Ok((name.into(), value.into()))
}
