//! What needs no host to be seen: that requests, settings and outcomes are translated whole. The languages are tested by
//! `test.sh`.

use std::sync::{Arc, Mutex};

use quintet_receiver::{Receiver, Settings};

use crate::*;

fn engine() -> UploadEngine {
    UploadEngine::new(EngineSettings::default()).expect("an engine")
}

fn request(url: String) -> UploadRequest {
    UploadRequest {
        url,
        ..UploadRequest::default()
    }
}

fn bytes(bytes: &str) -> UploadSource {
    UploadSource::Bytes {
        bytes: bytes.into(),
    }
}

fn part(name: &str, source: UploadSource) -> FilePart {
    FilePart {
        name: name.into(),
        source,
        file_name: None,
        mime_type: None,
        range: None,
    }
}

/// Uploads and gives the receiver's words, or the failure.
fn said(engine: &UploadEngine, request: UploadRequest) -> Result<String, UploadFailure> {
    let task = engine.upload(request, None);
    let outcome = task.outcome_blocking().expect("not inside a listener");
    match outcome.into_response() {
        Ok(response) => Ok(response.data),
        Err(UploadError::Failed { failure }) => Err(failure),
        Err(UploadError::InsideListener) => unreachable!("told by `outcome_blocking` alone"),
    }
}

#[test]
fn each_kind_of_body_is_sent() {
    let receiver = Receiver::start(Settings::default()).expect("a receiver");
    let (engine, url) = (engine(), receiver.url("/"));
    let mut form = request(url.clone());
    form.form_data = vec![FormField {
        name: "album".into(),
        value: "spring".into(),
    }];
    form.files = vec![
        part("first", bytes("hello")),
        FilePart {
            file_name: Some("b.txt".into()),
            mime_type: Some("text/own".into()),
            range: Some(ByteRange {
                offset: 1,
                length: 3,
            }),
            ..part("second", bytes("hello"))
        },
    ];
    let answer = said(&engine, form).expect("a success");
    for part in [
        r#""value":"spring""#,
        r#""name":"first","fileName":"","contentType":"application/octet-stream","size":5"#,
        r#""name":"second","fileName":"b.txt","contentType":"text/own","size":3"#,
    ] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }

    let mut raw = request(url);
    (raw.raw, raw.method) = (Some(bytes("hello")), Some(UploadMethod::Patch));
    let answer = said(&engine, raw).expect("a success");
    assert!(answer.contains(r#""size":5"#), "{answer}");
}

#[test]
fn what_is_wrong_with_a_call_is_its_outcome() {
    let engine = engine();
    let url = || "http://127.0.0.1:1/".to_owned();
    let mut nothing = request(url());
    let refused = |request| {
        let failure = said(&engine, request).expect_err("a failure");
        assert_eq!(failure.errno, 104, "{failure:?}");
        assert_eq!(failure.kind, FailureKind::InvalidParameter);
        assert_eq!(failure.phase, UploadPhase::Call);
        failure.reason
    };
    assert!(refused(nothing.clone()).contains("filePath is missing"));

    nothing.raw = Some(bytes(""));
    nothing.name = "file".into();
    assert!(refused(nothing).ends_with("raw stands beside filePath or name"));
}

#[cfg(unix)]
#[test]
fn a_descriptor_is_duplicated_or_refused() {
    use std::io::{Seek, Write};
    use std::os::fd::AsRawFd;

    let receiver = Receiver::start(Settings::default()).expect("a receiver");
    let engine = engine();
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(b"hello").expect("written");
    file.rewind().expect("back");
    let with = |descriptor| {
        let mut form = request(receiver.url("/"));
        form.files = vec![part("file", UploadSource::Descriptor { descriptor })];
        form
    };
    let task = engine.upload(with(file.as_raw_fd()), None);
    drop(file);
    let outcome = task.outcome_blocking().expect("not inside a listener");
    let answer = outcome.into_response().expect("a success").data;
    assert!(answer.contains(r#""size":5"#), "{answer}");

    let refused = said(&engine, with(-1)).expect_err("a failure");
    assert_eq!(refused.reason, "invalid parameter: descriptor is negative");
}

#[test]
fn wrong_settings_are_named() {
    let named = |settings| match UploadEngine::new(settings) {
        Err(EngineError::Setting { setting, .. }) => setting,
        other => panic!("{other:?}"),
    };
    let wrong = EngineSettings {
        domains: vec!["https://a/path".into()],
        ..EngineSettings::default()
    };
    assert_eq!(named(wrong), "domains");
    let pins = TlsOptions {
        pins: vec!["no pin".into()],
        ..TlsOptions::default()
    };
    let roots = TlsOptions {
        roots_pem: vec!["no certificate".into()],
        ..TlsOptions::default()
    };
    for tls in [pins, roots] {
        let wrong = EngineSettings {
            tls: Some(tls),
            ..EngineSettings::default()
        };
        assert_eq!(named(wrong), "tls");
    }
}

/// Keeps what it hears.
#[derive(Default)]
struct Hearing(Mutex<Vec<UploadEvent>>);

impl UploadListener for Hearing {
    fn on_event(&self, event: UploadEvent) -> Result<(), ListenerError> {
        self.0.lock().expect("not poisoned").push(event);
        Ok(())
    }
}

#[test]
fn settings_and_policy_reach_the_engine() {
    let receiver = Receiver::start(Settings::default()).expect("a receiver");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.txt"), "hello").expect("written");
    let bound = EngineSettings {
        files_beneath: Some(folder.path().to_str().expect("UTF-8").into()),
        domains: vec!["127.0.0.1:*".into()],
        ..EngineSettings::default()
    };
    let engine = UploadEngine::new(bound).expect("an engine");
    let asked = |url: String, path: &str| {
        let mut asked = request(url);
        (asked.file_path, asked.name) = (path.into(), "file".into());
        asked
    };

    let hearing = Arc::new(Hearing::default());
    let inside = asked(receiver.url("/"), "a.txt");
    let task = engine.upload(inside, Some(hearing.clone()));
    let outcome = task.outcome_blocking().expect("not inside a listener");
    assert!(outcome.into_response().is_ok());
    // Though the task is still held.
    let hearing = Arc::into_inner(hearing).expect("the upload let go of its listener");
    let heard = hearing.0.into_inner().expect("not poisoned");
    assert!(
        matches!(heard.last(), Some(UploadEvent::Done { .. })),
        "{heard:?}"
    );

    let outside = asked(receiver.url("/"), "/etc/hosts");
    assert_eq!(said(&engine, outside).expect_err("a failure").errno, 106);
    let elsewhere = asked("http://example.test/".into(), "a.txt");
    assert_eq!(said(&engine, elsewhere).expect_err("a failure").errno, 105);
}
