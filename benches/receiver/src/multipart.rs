//! A multipart body, part by part, through multer, never a whole part in memory.
//!
//! multer collects everything that its stream has ready before it parses, and looks for the end of
//! a part's head without a bound. The [`Tap`] between body and parser therefore gives one piece at a
//! time, and only when the parser could do nothing with what it had; a parser that stays hungry for
//! [`PART_HEAD_BYTES_MAX`] is refused more.

use crate::body::Body;
use crate::problem::Problem;
use crate::sink::Sink;
use crate::{FIELD_VALUE_BYTES_MAX, FIELD_VALUES_BYTES_MAX, Field, File};
use crate::{PART_HEAD_BYTES_MAX, PARTS_MAX};
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_core::Stream;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// Reads the body to its end, which is beyond the closing boundary.
pub(crate) async fn read(body: Body, boundary: String, sink: &mut Sink<'_>) -> Result<(), Problem> {
    let feed = Feed(Arc::new(Mutex::new(State {
        body,
        hungry: true,
        unparsed_bytes: 0,
    })));
    let mut parser = multer::Multipart::new(Tap(feed.clone()), boundary);
    let mut values_bytes = 0;
    loop {
        let part = parser.next_field().await;
        feed.parsed();
        let Some(mut part) = part.map_err(|error| feed.problem(&error))? else {
            break;
        };
        if sink.parts() == PARTS_MAX {
            return Err(Problem::bad_request(format!("more than {PARTS_MAX} parts")));
        }
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let content_type = part
            .headers()
            .get(CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let mut content = sink.content(file_name.is_some(), file_name.as_deref())?;
        let mut value = Some(Vec::new());
        loop {
            let piece = part.chunk().await;
            feed.parsed();
            let Some(piece) = piece.map_err(|error| feed.problem(&error))? else {
                break;
            };
            content.take(&piece)?;
            if file_name.is_none() {
                let fits = content.size() <= FIELD_VALUE_BYTES_MAX as u64
                    && values_bytes + content.size() <= FIELD_VALUES_BYTES_MAX as u64;
                match &mut value {
                    Some(value) if fits => value.extend_from_slice(&piece),
                    _ => value = None,
                }
            }
        }
        let (size, sha256, stored) = content.end();
        if file_name.is_some() {
            let file = File {
                name,
                file_name,
                content_type,
                size,
                sha256,
                stored_as: None,
            };
            sink.file(file, stored);
        } else {
            let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
            values_bytes += value.as_ref().map_or(0, |_| size);
            sink.field(Field {
                name,
                value,
                size,
                sha256,
            });
        }
    }
    drop(parser);
    // What stands behind the closing boundary belongs to the body and must be read, or the
    // connection could not be used again.
    while std::future::poll_fn(|cx| feed.lock().body.poll_piece(cx))
        .await?
        .is_some()
    {}
    Ok(())
}

/// The body, shared between the parser's stream and the loop that drives the parser; both run in
/// one task, so the lock is never waited for.
#[derive(Clone)]
struct Feed(Arc<Mutex<State>>);

struct State {
    body: Body,
    /// The parser was asked since its last piece and could not go on.
    hungry: bool,
    /// Bytes given since the parser last returned something.
    unparsed_bytes: usize,
}

impl Feed {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The parser has returned something: what it still holds is worth a look before more is given.
    fn parsed(&self) {
        let mut state = self.lock();
        state.hungry = false;
        state.unparsed_bytes = 0;
    }

    /// The body's own trouble where it had any; else what the parser says of it.
    fn problem(&self, error: &multer::Error) -> Problem {
        if let Some(broken) = self.lock().body.broken() {
            return broken;
        }
        let mut text = format!("multipart: {error}");
        let mut source = error.source();
        while let Some(error) = source {
            text.push_str(&format!(": {error}"));
            source = error.source();
        }
        Problem::bad_request(text)
    }
}

struct Tap(Feed);

impl Stream for Tap {
    type Item = Result<Bytes, Box<dyn Error + Send + Sync>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock();
        if !state.hungry {
            state.hungry = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if state.unparsed_bytes >= PART_HEAD_BYTES_MAX {
            let text = format!("no end of a part's head within {PART_HEAD_BYTES_MAX} bytes");
            return Poll::Ready(Some(Err(text.into())));
        }
        Poll::Ready(match ready!(state.body.poll_piece(cx)) {
            Ok(Some(piece)) => {
                state.hungry = false;
                state.unparsed_bytes += piece.len();
                Some(Ok(piece))
            }
            Ok(None) => None,
            Err(problem) => Some(Err(problem.text.into())),
        })
    }
}
