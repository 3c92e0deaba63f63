//! Target `redaction`: what a call holds as header value, field value, query, password or directory never stands in what
//! is told about it, whether it was refused or failed.
//!
//! Input: the beginning of the URL, what stands before and after the secret, wherever it stands; and a name each for
//! header, field and part.

use std::fmt::Debug;

use quintet::{Outcome, UploadRequest};

use crate::engine::Bench;
use crate::input::{Input, hash};

static BENCH: Bench = Bench::new();

/// Panics if the secret is told.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let origin = input.text();
    let (before, after) = (input.text(), input.text());
    // Nobody changes or escapes a letter or digit of it, and the input cannot hold it.
    let secret = &*format!("5ecre7{:016x}", hash(bytes));
    let around = format!("{before}{secret}{after}");
    let (header, field, part) = (input.text(), input.text(), input.text());
    for place in Place::ALL {
        if place == Place::Password && before.contains(['/', '\\']) {
            // No longer a password, but a path.
            continue;
        }
        let url = match place {
            Place::Query => format!("{origin}/up?{around}"),
            Place::Fragment => format!("{origin}/up#{around}"),
            Place::Password => format!("http://{before}:{secret}@{after}"),
            _ => format!("{origin}/up"),
        };
        let path = match place {
            Place::Directory => format!("/{around}/{part}"),
            _ => format!("/files/{part}"),
        };
        let mut request = UploadRequest::new(url, path, &*part);
        match place {
            Place::Header => request = request.header(&*header, &*around),
            Place::Field => request = request.field(&*field, &*around),
            _ => {}
        }
        told_nothing(request, place, secret);
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Query,
    Fragment,
    Password,
    Directory,
    Header,
    Field,
}

impl Place {
    const ALL: [Self; 6] = [
        Self::Query,
        Self::Fragment,
        Self::Password,
        Self::Directory,
        Self::Header,
        Self::Field,
    ];
}

fn told_nothing(request: UploadRequest, place: Place, secret: &str) {
    let silent = |told: &dyn Debug| {
        let told = format!("{told:?} {told:#?}");
        assert!(!told.contains(secret), "{place:?} is told: {told}");
    };
    // The request's own text tells the path, which is the caller's.
    if place != Place::Directory {
        silent(&request);
    }
    BENCH.with(|bench| {
        match bench.engine.preview(request.clone()) {
            Ok(preview) => silent(&preview),
            Err(error) => {
                silent(&error);
                silent(&error.to_string());
            }
        }
        let outcome: &Outcome = &bench.engine.upload(request).wait();
        bench.asked.take();
        silent(outcome);
        silent(&outcome.err_msg());
        silent(&outcome.err_string());
        let error = outcome.result.as_ref().expect_err("nobody listens");
        silent(&error.detail());
    });
}
