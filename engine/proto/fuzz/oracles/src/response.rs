//! Target `response`: the response reader.
//!
//! However the bytes are cut, the verdict is the same; a limit only ever turns a verdict into that limit's error; and
//! what is accepted, hyper's client accepts too, with the same status and body. The other way round, hyper takes what
//! this reader refuses, on purpose: an unknown transfer coding, bare line ends in chunks, and the like.
//!
//! Allowed differences: hyper refuses every Transfer-Encoding in HTTP/1.0, where this reader only never uses the connection
//! again.
//!
//! Input: a byte that chooses the limits, the lengths of the first pieces, the peer's bytes.

use quintet_proto::{
    Exchange, Limits, Next, NoReuse, Receiving, Response, ResponseError, ResponseErrorClass, Reuse,
    read_connect_answer,
};

use crate::input::{Input, cut};
use crate::peers::hyper_client;

/// The response, and whether the connection lived until the peer ended it; or the error.
type Verdict = Result<(Response, Option<Reuse>), ResponseError>;

/// Panics if the reader does not do what it must with these bytes.
pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let limits = limits(input.byte());
    let lengths = input.bytes();
    let answer = input.rest();

    let whole = verdict(&[answer], &limits);
    let one_by_one: Vec<_> = answer.chunks(1).collect();
    assert_eq!(verdict(&one_by_one, &limits), whole);
    assert_eq!(verdict(&cut(answer, lengths), &limits), whole);

    let wide = Limits::default();
    let unlimited = verdict(&[answer], &wide);
    match &whole {
        Err(error) if error.class() == ResponseErrorClass::Limit => {}
        _ => assert_eq!(whole, unlimited, "a limit changed more than it may"),
    }
    if let Ok((response, _)) = &whole {
        within(response, &limits);
    }
    if let Ok((response, reuse)) = unlimited
        && reuse != Some(Reuse::No(NoReuse::TransferEncodingInHttp10))
        && !(response.head.minor_version == 0
            && response.head.headers.get("transfer-encoding").is_some())
    {
        let theirs = hyper_client(answer, wide.headers_max).expect("hyper accepts it");
        assert_eq!(theirs, (response.head.status, response.body.into()));
    }
    connect_answer(answer, lengths, &limits);
}

/// Small ones, or the default.
fn limits(choice: u8) -> Limits {
    if choice == 0 {
        return Limits::default();
    }
    let choice = usize::from(choice);
    Limits {
        head_bytes_max: 16 + choice,
        headers_max: choice % 5,
        body_bytes_max: choice as u64 % 17,
        interim_max: choice as u32 % 3,
        chunk_line_bytes_max: choice % 13,
        trailer_bytes_max: choice % 23,
    }
}

fn verdict(pieces: &[&[u8]], limits: &Limits) -> Verdict {
    let mut exchange = Exchange::new(3, limits.clone());
    exchange.body_sent(3);
    let mut before = (Receiving::Nothing, 0);
    for piece in pieces {
        let received = exchange.receive(piece);
        if let Err(error) = received {
            assert_eq!(exchange.receive(b"HTTP/1.1 204 \r\n\r\n"), Err(error));
            assert_eq!(exchange.next(), Next::Finished(Reuse::No(NoReuse::Failed)));
            return Err(error);
        }
        let after = (exchange.progress(), exchange.body_received());
        assert!(before <= after && after.1 <= limits.body_bytes_max);
        before = after;
    }
    let reuse = match exchange.next() {
        Next::Finished(reuse) => Some(reuse),
        Next::Listen => None,
        Next::Send => panic!("the body was sent"),
    };
    exchange.peer_ended()?;
    let response = exchange.into_response();
    Ok((response.expect("no error, so it is complete"), reuse))
}

fn within(response: &Response, limits: &Limits) {
    let fields = response.head.headers.iter();
    let fields: usize = fields.map(|(name, value)| name.len() + value.len()).sum();
    assert!(fields + response.head.reason.len() <= limits.head_bytes_max);
    assert!(response.head.headers.len() <= limits.headers_max);
    assert!(response.body.len() as u64 <= limits.body_bytes_max);
    assert!((200..=999).contains(&response.head.status));
}

/// What a proxy's answer is does not change by what comes after it.
fn connect_answer(answer: &[u8], lengths: &[u8], limits: &Limits) {
    let whole = read_connect_answer(answer, limits);
    let mut end = 0;
    for piece in cut(answer, lengths) {
        end += piece.len();
        match read_connect_answer(&answer[..end], limits) {
            Ok(None) => {}
            decided => assert_eq!(decided, whole),
        }
    }
    if let Ok(Some((len, _))) = whole {
        assert!(len <= answer.len().min(limits.head_bytes_max));
    }
}
