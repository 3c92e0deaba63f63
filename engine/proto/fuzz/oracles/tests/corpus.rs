//! Every committed input of every fuzz target, through the target's oracle: what was once found stays found.
#![forbid(unsafe_code)]

use std::fs;
use std::future::poll_fn;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::rt::System;
use actix_web::web::Bytes;
use futures_core::Stream;
use quintet_oracles::form::{Written, write};

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(target);
    let entries = fs::read_dir(&folder).expect("a corpus");
    let mut inputs: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("an input").path();
            let bytes = fs::read(&path).expect("an input");
            (path, bytes)
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty(), "{target} has no corpus");
    inputs
}

/// Names the input before its panic.
struct Named(PathBuf);

impl Drop for Named {
    #[expect(clippy::print_stderr, reason = "it is where a failing test tells")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("with {}", self.0.display());
        }
    }
}

macro_rules! each_committed_input_is_as_its_oracle_says {
    ($($target:ident)*) => {
        /// Every target that has a test.
        const TESTED: &[&str] = &[$(stringify!($target)),*];

        mod each_committed_input_is_as_its_oracle_says {
            $(
                #[test]
                fn $target() {
                    for (path, bytes) in super::corpus(stringify!($target)) {
                        let _named = super::Named(path);
                        quintet_oracles::$target::check(&bytes);
                    }
                }
            )*
        }
    };
}

each_committed_input_is_as_its_oracle_says! {
    admission call chunks form head path redaction response url
}

#[test]
fn every_target_is_tested() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz_targets");
    let entries = fs::read_dir(targets).expect("the targets");
    let mut names: Vec<_> = entries
        .map(|entry| {
            let path = entry.expect("a target").path();
            let name = path.file_stem().expect("a name");
            name.to_string_lossy().into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names, TESTED);
}

/// actix-multipart refuses control characters in names and takes backslashes for escapes, as multer does.
#[test]
fn actix_multipart_gives_back_the_parts_of_every_committed_form() {
    let plain = |text: &str| {
        !text
            .chars()
            .any(|char| char == '\\' || char.is_ascii_control())
    };
    let mut read = 0;
    for (path, bytes) in corpus("form") {
        let _named = Named(path);
        let written = write(&bytes);
        let names = written
            .parts
            .iter()
            .flat_map(|part| [Some(&part.name), part.file_name.as_ref()]);
        if !written.parts.is_empty() && names.flatten().all(|name| plain(name)) {
            System::new().block_on(actix_reads(&written));
            read += 1;
        }
    }
    assert!(read > 10, "{read} forms were read");
}

async fn actix_reads(written: &Written) {
    let mut headers = HeaderMap::new();
    let content_type = format!("multipart/form-data; boundary={}", written.boundary);
    headers.insert(CONTENT_TYPE, content_type.parse().expect("a value"));
    // In pieces, so that a boundary is met in two.
    let pieces: Vec<_> = written
        .body
        .chunks(61)
        .map(Bytes::copy_from_slice)
        .collect();
    let mut multipart = Multipart::new(&headers, Pieces(pieces.into_iter()));
    for part in &written.parts {
        let field = poll_fn(|cx| Pin::new(&mut multipart).poll_next(cx)).await;
        let mut field = field
            .expect("as many parts as were given")
            .expect("it is read");
        assert_eq!(field.name(), Some(&*part.name));
        let disposition = field.content_disposition().expect("a disposition");
        assert_eq!(disposition.get_filename(), part.file_name.as_deref());
        let mut content = Vec::new();
        while let Some(piece) = poll_fn(|cx| Pin::new(&mut field).poll_next(cx)).await {
            content.extend_from_slice(&piece.expect("the content is read"));
        }
        assert_eq!(content, part.content);
    }
    let end = poll_fn(|cx| Pin::new(&mut multipart).poll_next(cx)).await;
    assert!(end.is_none());
}

struct Pieces(std::vec::IntoIter<Bytes>);

impl Stream for Pieces {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}
