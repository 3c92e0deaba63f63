//! What a request must look like, written a second time and as plainly as can be.

use crate::scenario::{EXTENSIONS, ORIGINS, Spec};

/// Which request of an upload this is: it changes with each redirect that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Going {
    pub(crate) origin: usize,
    pub(crate) path: String,
    pub(crate) with_body: bool,
    pub(crate) with_credentials: bool,
}

/// The body of a request, the file's content left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) before: Vec<u8>,
    pub(crate) file_len: u64,
    pub(crate) after: Vec<u8>,
}

impl Body {
    pub(crate) fn new(spec: &Spec, file_len: u64, boundary: &str) -> Self {
        let mut before = Vec::new();
        for (key, value) in &spec.fields {
            let part = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n",
                escaped(key)
            );
            before.extend_from_slice(part.as_bytes());
            before.extend_from_slice(value);
            before.extend_from_slice(b"\r\n");
        }
        let extension = spec.file_name.rsplit('.').next().unwrap_or_default();
        let media_type = EXTENSIONS
            .iter()
            .find(|(known, _)| *known == extension)
            .map_or("", |(_, media_type)| media_type);
        let part = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {media_type}\r\n\r\n",
            escaped(&spec.name),
            escaped(&spec.file_name),
        );
        before.extend_from_slice(part.as_bytes());
        Self {
            before,
            file_len,
            after: format!("\r\n--{boundary}--\r\n").into_bytes(),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.file_end() + self.after.len() as u64
    }

    /// Where the file's content begins.
    pub(crate) fn file_start(&self) -> u64 {
        self.before.len() as u64
    }

    /// Where the file's content ends.
    pub(crate) fn file_end(&self) -> u64 {
        self.file_start() + self.file_len
    }

    /// Whether these are its bytes from `offset` on; of the file's content `is_content` tells.
    pub(crate) fn holds(
        &self,
        mut offset: u64,
        mut bytes: &[u8],
        is_content: impl Fn(u64, &[u8]) -> bool,
    ) -> bool {
        while !bytes.is_empty() {
            let before = self.file_start();
            let (piece, end) = match offset {
                _ if offset < before => (Piece::Before, before),
                _ if offset < self.file_end() => (Piece::File, self.file_end()),
                _ if offset < self.len() => (Piece::After, self.len()),
                _ => return false,
            };
            let taken = bytes.len().min((end - offset) as usize);
            let got = &bytes[..taken];
            let good = match piece {
                Piece::Before => self.before[offset as usize..].starts_with(got),
                Piece::File => is_content(offset - before, got),
                Piece::After => self.after[(offset - self.file_end()) as usize..].starts_with(got),
            };
            if !good {
                return false;
            }
            bytes = &bytes[taken..];
            offset += taken as u64;
        }
        true
    }
}

enum Piece {
    Before,
    File,
    After,
}

/// `"`, CR and LF as WHATWG has them.
fn escaped(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A request head as a naive reader sees it.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    first: &'a str,
    fields: Vec<(String, &'a str)>,
}

impl<'a> Head<'a> {
    /// `text` ends with the empty line.
    pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix("\r\n\r\n")?;
        let mut lines = text.split("\r\n");
        let first = lines.next()?;
        let fields = lines
            .map(|line| {
                let (name, value) = line.split_once(": ")?;
                Some((name.to_ascii_lowercase(), value))
            })
            .collect::<Option<_>>()?;
        Some(Self { first, fields })
    }

    pub(crate) fn boundary(&self) -> Option<&'a str> {
        let mut types = self
            .fields
            .iter()
            .filter(|(name, _)| name == "content-type");
        types
            .next()?
            .1
            .strip_prefix("multipart/form-data; boundary=")
    }

    /// What is wrong with it, given what it must be.
    pub(crate) fn mistake(
        mut self,
        spec: &Spec,
        going: &Going,
        trace: &str,
        agent: &str,
        body: Option<(&Body, &str)>,
    ) -> Option<String> {
        let method = if going.with_body { "POST" } else { "GET" };
        let first = format!("{method} {} HTTP/1.1", normal(&going.path));
        if self.first != first {
            return Some(format!(
                "request line {:?} instead of {first:?}",
                self.first
            ));
        }
        let given = |wanted: &str| {
            let mut values = spec.headers.iter();
            let found = values.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.clone())
        };
        let mut expected = vec![
            ("host".to_owned(), ORIGINS[going.origin].authority()),
            ("x-request-id".into(), trace.into()),
            ("x-tt-logid".into(), trace.into()),
            (
                "user-agent".into(),
                given("user-agent").unwrap_or_else(|| agent.into()),
            ),
            (
                "accept".into(),
                given("accept").unwrap_or_else(|| "*/*".into()),
            ),
        ];
        if let Some((body, boundary)) = body {
            expected.push((
                "content-type".into(),
                format!("multipart/form-data; boundary={boundary}"),
            ));
            expected.push(("content-length".into(), body.len().to_string()));
        }
        for (name, value) in &spec.headers {
            let name = name.to_ascii_lowercase();
            match &*name {
                "user-agent" | "accept" | "content-length" | "referer" => {}
                "authorization" | "cookie" if !going.with_credentials => {}
                _ => expected.push((name, value.clone())),
            }
        }
        self.fields.sort();
        expected.sort();
        let same = self.fields.len() == expected.len()
            && self
                .fields
                .iter()
                .zip(&expected)
                .all(|(got, wanted)| got.0 == wanted.0 && got.1 == wanted.1);
        (!same).then(|| format!("head {:?} instead of {expected:?}", self.fields))
    }
}

/// A path as the URL parser leaves it: of those that are used, one has a dot segment.
fn normal(path: &str) -> String {
    path.replace("/a/b/../c", "/a/c")
}
