//! `-F` in curl's grammar, and the literal `--field`.

use std::io;
use std::path::{Path, PathBuf};

use quintet::{FilePart, UploadRequest};

use crate::source::{contents, source};

/// One `-F` or `--field`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// `name=value`.
    Field(String, String),
    /// `name=<file`: the value is what the file holds.
    FieldOf(String, PathBuf),
    /// `name=@file`.
    File(FileItem),
}

/// `name=@file;type=…;filename=…`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileItem {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) mime_type: Option<String>,
    pub(crate) file_name: Option<String>,
}

/// How a form is written, for the help.
pub(crate) const FORM_HELP: &str = "\
-F NAME=VALUE is a field; -F NAME=@FILE a file, with ;type=MEDIA/TYPE and ;filename=NAME after it as needed; -F NAME=<FILE \
a field whose value the file holds. FILE - is standard input. A value, file or file name with `;` or `,` in it stands in \
double quotes, inside which \\\" and \\\\ are a quote and a backslash.";

/// `NAME=VALUE`, and nothing in it means anything.
pub(crate) fn literal(text: &str) -> Result<Item, String> {
    let (name, value) = key_and_rest(text)?;
    Ok(Item::Field(name.into(), value.into()))
}

/// As curl's `-F` has it.
pub(crate) fn form(text: &str) -> Result<Item, String> {
    let (name, rest) = key_and_rest(text)?;
    if let Some(rest) = rest.strip_prefix('@') {
        let (path, rest) = word(rest)?;
        let mut item = FileItem {
            name: name.into(),
            path: path.into(),
            ..FileItem::default()
        };
        parameters(rest, &mut item)?;
        return match item.path.as_os_str().is_empty() {
            true => Err("the file after @ is missing".into()),
            false => Ok(Item::File(item)),
        };
    }
    if let Some(rest) = rest.strip_prefix('<') {
        let (path, rest) = word(rest)?;
        no_parameters(rest)?;
        return match path.is_empty() {
            true => Err("the file after < is missing".into()),
            false => Ok(Item::FieldOf(name.into(), path.into())),
        };
    }
    if rest.starts_with('"') {
        let (value, rest) = word(rest)?;
        no_parameters(rest)?;
        return Ok(Item::Field(name.into(), value));
    }
    let lower = rest.to_ascii_lowercase();
    if [";type=", ";filename=", ";headers=", ";encoder="]
        .iter()
        .any(|parameter| lower.contains(parameter))
    {
        return Err(NO_PARAMETERS.into());
    }
    Ok(Item::Field(name.into(), rest.into()))
}

fn key_and_rest(text: &str) -> Result<(&str, &str), String> {
    let both = text.split_once('=');
    both.ok_or_else(|| "a field is NAME=VALUE; the value may be empty".into())
}

/// A word up to `;` or `,`, or in double quotes, and what follows it.
fn word(text: &str) -> Result<(String, &str), String> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return Ok((text[..end].into(), &text[end..]));
    };
    let mut word = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((word, &quoted[at + 1..])),
            '\\' => match letters.next() {
                Some((_, escaped @ ('"' | '\\'))) => word.push(escaped),
                Some((_, other)) => word.extend(['\\', other]),
                None => break,
            },
            other => word.push(other),
        }
    }
    Err("the closing quote is missing".into())
}

fn parameters(mut rest: &str, item: &mut FileItem) -> Result<(), String> {
    while let Some(parameter) = rest.strip_prefix(';') {
        let parameter = parameter.trim_start();
        let (key, value) = parameter.split_once('=').ok_or(PARAMETERS)?;
        let (value, after) = match key.to_ascii_lowercase().as_str() {
            "filename" => {
                let (value, after) = word(value)?;
                item.file_name = Some(value.clone());
                (value, after)
            }
            "type" => {
                // A media type has parameters of its own: it ends where one of ours begins.
                let lower = value.to_ascii_lowercase();
                let end = lower.find(";filename=").unwrap_or(value.len());
                item.mime_type = Some(value[..end].into());
                (value[..end].into(), &value[end..])
            }
            _ => return Err(PARAMETERS.into()),
        };
        if value.is_empty() {
            return Err(format!("the value of {key} is missing"));
        }
        rest = after;
    }
    match rest.chars().next() {
        None => Ok(()),
        Some(',') => {
            Err("each file has a -F of its own; a comma in a name needs double quotes".into())
        }
        Some(_) => Err("after the closing quote comes ; or nothing".into()),
    }
}

const PARAMETERS: &str = "a file takes ;type=MEDIA/TYPE and ;filename=NAME";

const NO_PARAMETERS: &str =
    "a field takes no ;parameters: quote the value, or use --field, which sends it as it stands";

fn no_parameters(rest: &str) -> Result<(), String> {
    match rest.is_empty() {
        true => Ok(()),
        false => Err(NO_PARAMETERS.into()),
    }
}

impl Item {
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Field(..) => None,
            Self::FieldOf(_, path) => Some(path),
            Self::File(item) => Some(&item.path),
        }
    }

    /// Adds it to a request.
    pub(crate) fn add_to(&self, request: UploadRequest, spool: bool) -> io::Result<UploadRequest> {
        Ok(match self {
            Self::Field(name, value) => request.field(name, value),
            Self::FieldOf(name, path) => request.field(name, contents(path)?),
            Self::File(item) => {
                let part = FilePart::new(item.name.as_str(), source(&item.path, spool));
                let default = if item.path.as_os_str() == "-" {
                    "-"
                } else {
                    ""
                };
                let file_name = item.file_name.as_deref().unwrap_or(default);
                let part = part.file_name(file_name);
                request.file(part.mime_type(item.mime_type.clone().unwrap_or_default()))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, mime_type: Option<&str>, file_name: Option<&str>) -> Result<Item, String> {
        Ok(Item::File(FileItem {
            name: "n".into(),
            path: path.into(),
            mime_type: mime_type.map(String::from),
            file_name: file_name.map(String::from),
        }))
    }

    #[test]
    fn a_form_reads_as_curl_reads_it() {
        let field = |value: &str| Ok(Item::Field("n".into(), value.into()));
        for (text, item) in [
            ("n=v", field("v")),
            ("n=", field("")),
            ("n=a=b", field("a=b")),
            ("n=a;b,c", field("a;b,c")),
            ("n=\"a;type=b\\\"\"", field("a;type=b\"")),
            ("n= @x", field(" @x")),
            ("n=@a", file("a", None, None)),
            ("n=@-", file("-", None, None)),
            ("n=@a b=c", file("a b=c", None, None)),
            ("n=@a;type=x/y", file("a", Some("x/y"), None)),
            (
                "n=@a;TYPE=x/y; Filename=b",
                file("a", Some("x/y; Filename=b"), None),
            ),
            (
                "n=@a;type=x/y;a=b;filename=c",
                file("a", Some("x/y;a=b"), Some("c")),
            ),
            (
                "n=@a;filename=c;type=x/y",
                file("a", Some("x/y"), Some("c")),
            ),
            (
                "n=@\"a,b;c\";filename=\"d;\\\"e\"",
                file("a,b;c", None, Some("d;\"e")),
            ),
            ("n=@\"C:\\dir\\a\"", file("C:\\dir\\a", None, None)),
            ("n=<a", Ok(Item::FieldOf("n".into(), "a".into()))),
        ] {
            assert_eq!(form(text), item, "{text}");
        }
    }

    #[test]
    fn what_is_no_form_says_what_is() {
        for (text, told) in [
            ("n", "NAME=VALUE"),
            ("n=@", "missing"),
            ("n=<", "missing"),
            ("n=@a,b", "-F of its own"),
            ("n=@a;headers=@h", ";type="),
            ("n=@a;type", ";type="),
            ("n=@a;filename=", "missing"),
            ("n=@\"a", "closing quote"),
            ("n=@\"a\"b", "after the closing quote"),
            ("n=v;type=text/plain", "--field"),
            ("n=\"v\";type=text/plain", "--field"),
            ("n=<a;type=text/plain", "--field"),
        ] {
            let error = form(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn a_literal_field_means_what_it_says() {
        for value in ["@x", "<x", "\"x\"", "v;type=a/b", ""] {
            let item = literal(&format!("n={value}"));
            assert_eq!(item, Ok(Item::Field("n".into(), value.into())));
        }
    }
}
