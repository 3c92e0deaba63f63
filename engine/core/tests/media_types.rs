//! The media type of the file part: the caller's word, then the host's, then `application/octet-stream`.
#![forbid(unsafe_code)]

mod support;

use quintet::{ByExtension, Engine, Error, ErrorKind, MediaTypes, NoMediaTypes, UploadRequest};
use quintet_proto::Segment;
use quintet_tcp::TcpConnect;
use support::Files;

/// A host that knows one extension, and one wrongly.
#[derive(Debug)]
struct Own(&'static str);

impl MediaTypes for Own {
    fn media_type(&self, file_name: &str) -> Option<&str> {
        match file_name.rsplit_once('.')?.1 {
            "own" => Some(self.0),
            "bad" => Some("a/b\r\nX-Injected: 1"),
            _ => None,
        }
    }
}

/// The type that a file of this name is sent with, if the caller says `told`.
fn sent_as(types: impl MediaTypes + 'static, file_name: &str, told: &str) -> Result<String, Error> {
    let files = Files::new();
    let engine = Engine::builder_with_media_types(TcpConnect::new(), types)
        .start()
        .expect("a thread");
    let request = UploadRequest::new("http://localhost/", files.file(file_name, 1), "file");
    let preview = engine.preview(request.mime_type(told))?;
    let text = preview
        .plan
        .segments()
        .filter_map(|segment| match segment {
            Segment::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
        .collect::<String>();
    let (_, after) = text.split_once("Content-Type: ").expect("a typed part");
    Ok(after.lines().next().unwrap_or_default().to_owned())
}

#[test]
fn the_caller_then_the_host_then_octet_stream() {
    let own = || Own("text/x-own");
    assert_eq!(sent_as(own(), "a.own", "").unwrap(), "text/x-own");
    assert_eq!(sent_as(own(), "a.own", "text/css").unwrap(), "text/css");
    let unknown = "application/octet-stream";
    assert_eq!(sent_as(own(), "a.jpg", "").unwrap(), unknown);
    assert_eq!(sent_as(NoMediaTypes, "a.jpg", "").unwrap(), unknown);
    assert_eq!(sent_as(ByExtension, "a.jpg", "").unwrap(), "image/jpeg");
    assert_eq!(sent_as(ByExtension, "a.what", "").unwrap(), unknown);
}

#[test]
fn a_type_of_the_host_is_checked_like_a_callers() {
    let error = sent_as(Own(""), "a.bad", "").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameter);
}
