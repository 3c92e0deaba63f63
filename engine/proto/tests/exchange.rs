//! The two sides of an exchange, and what they say together.

use std::borrow::Cow;

use quintet_proto::{
    Blame, Exchange, Limits, Next, NoReuse, Receiving, ResponseError, ResponseErrorClass, Reuse,
};

const SEND: Next = Next::Send;
const LISTEN: Next = Next::Listen;
const REUSABLE: Next = Next::Finished(Reuse::Yes);

fn spoilt(reason: NoReuse) -> Next {
    Next::Finished(Reuse::No(reason))
}

/// An exchange with a body of ten bytes, of which `sent` are sent.
fn exchange(sent: u64) -> Exchange {
    let mut exchange = Exchange::new(10, Limits::default());
    exchange.body_sent(sent);
    exchange
}

/// What comes next after the whole body was sent and `response` came.
fn after(response: &[u8]) -> Next {
    let mut exchange = exchange(10);
    exchange.receive(response).unwrap();
    exchange.next()
}

#[test]
fn the_body_is_sent_then_the_response_is_awaited() {
    let mut exchange = exchange(0);
    assert_eq!(exchange.next(), SEND);
    exchange.body_sent(9);
    assert_eq!(exchange.next(), SEND);
    exchange.body_sent(1);
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (LISTEN, Receiving::Nothing)
    );
    exchange.receive(b"H").unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (LISTEN, Receiving::Head)
    );
    exchange
        .receive(b"TTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\n")
        .unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (LISTEN, Receiving::Body)
    );
    assert_eq!(exchange.head().unwrap().headers.get("a"), Some(&b"b"[..]));
    exchange.receive(b"ab").unwrap();
    assert_eq!((exchange.next(), exchange.body_received()), (LISTEN, 2));
    exchange.receive(b"c").unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (REUSABLE, Receiving::Complete)
    );
    let response = exchange.into_response().unwrap();
    assert_eq!((response.head.status, &*response.head.reason), (200, "OK"));
    assert_eq!(
        (response.head.minor_version, &response.body[..]),
        (1, &b"abc"[..])
    );
}

#[test]
fn without_a_body_there_is_nothing_to_send() {
    let mut exchange = Exchange::new(0, Limits::default());
    assert_eq!(exchange.next(), LISTEN);
    exchange
        .receive(b"HTTP/1.1 204 No Content\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.next(), REUSABLE);
}

#[test]
fn an_early_413_stops_the_body_at_once() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.next(), LISTEN);
    exchange.receive(b"big").unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::BodyNotSent));
    assert_eq!(exchange.into_response().unwrap().body, "big");
}

#[test]
fn an_early_300_stops_the_body_and_an_early_299_does_not() {
    for (status, next) in [("300", spoilt(NoReuse::BodyNotSent)), ("299", SEND)] {
        let mut exchange = exchange(4);
        let response = format!("HTTP/1.1 {status} Early\r\nContent-Length: 0\r\n\r\n");
        exchange.receive(response.as_bytes()).unwrap();
        assert_eq!(exchange.next(), next, "{status}");
    }
}

#[test]
fn an_early_200_is_sent_to_the_end_first() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.next(), SEND);
    exchange.receive(b"ok").unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (SEND, Receiving::Complete)
    );
    exchange.body_sent(6);
    assert_eq!(exchange.next(), REUSABLE);
}

#[test]
fn an_early_200_is_there_though_the_body_cannot_be_sent_any_more() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .unwrap();
    assert_eq!(exchange.into_response().unwrap().body, "ok");
}

#[test]
fn an_early_200_with_connection_close_stops_the_body() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.next(), LISTEN);
    exchange.receive(b"ok").unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::BodyNotSent));
}

#[test]
fn a_body_that_was_all_taken_before_the_early_refusal_leaves_the_connection_good() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n")
        .unwrap();
    exchange.body_sent(6);
    exchange.receive(b"no").unwrap();
    assert_eq!(exchange.next(), REUSABLE);
}

#[test]
fn an_early_interim_response_changes_nothing_but_the_progress() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n")
        .unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (SEND, Receiving::Head)
    );
    assert_eq!(exchange.head(), None);
    exchange.body_sent(6);
    assert_eq!(exchange.peer_ended(), Err(ResponseError::ClosedBeforeHead));
}

#[test]
fn only_a_100_says_that_the_body_is_waited_for() {
    let mut exchange = exchange(0);
    exchange
        .receive(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        .unwrap();
    assert!(!exchange.continues());
    exchange.receive(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
    assert!(exchange.continues());
    assert_eq!(exchange.next(), SEND);
}

#[test]
fn one_is_in_a_head_from_its_first_byte_to_its_last_and_not_between_two() {
    let mut exchange = exchange(10);
    let mut in_head = Vec::new();
    for byte in b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 \r\n\r\n" {
        exchange.receive(&[*byte]).unwrap();
        in_head.push(exchange.is_in_head());
    }
    let outside: Vec<_> = (0..in_head.len()).filter(|at| !in_head[*at]).collect();
    assert_eq!(outside, [16, 33]);
}

#[test]
fn a_body_that_is_withheld_is_not_sent_though_the_peer_would_have_it() {
    let mut exchange = exchange(0);
    exchange.withhold_body();
    assert_eq!(exchange.next(), LISTEN);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::BodyNotSent));
}

#[test]
fn a_101_is_malformed() {
    let error = exchange(10)
        .receive(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        .unwrap_err();
    assert_eq!(error, ResponseError::SwitchedProtocols);
    assert_eq!(
        (error.class(), error.blame()),
        (ResponseErrorClass::Malformed, Blame::Peer)
    );
}

#[test]
fn a_failed_response_ends_the_exchange_for_good() {
    let mut exchange = exchange(4);
    assert_eq!(exchange.receive(b"SSH-2.0"), Err(ResponseError::Version));
    assert_eq!(exchange.next(), spoilt(NoReuse::Failed));
    let late = exchange.receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(late, Err(ResponseError::Version));
    assert_eq!(exchange.peer_ended(), Err(ResponseError::Version));
    assert_eq!(exchange.into_response(), None);
}

#[test]
fn what_is_not_http_is_found_out_before_a_line_ends() {
    let http2_settings = [0, 0, 0x12, 4, 0, 0, 0, 0, 0];
    for banner in [
        &b"SSH-2"[..],
        &[0x15, 3, 1, 0, 2],
        &http2_settings,
        b"HTTP/2",
        b"\r\nHTTP/1.1",
    ] {
        assert_eq!(exchange(4).receive(banner), Err(ResponseError::Version));
        let mut bytewise = exchange(4);
        let found = banner
            .chunks(1)
            .find_map(|byte| bytewise.receive(byte).err());
        assert_eq!(found, Some(ResponseError::Version));
    }
    let mut bytewise = exchange(4);
    let found = b"HTTP/1.1 2x"
        .chunks(1)
        .find_map(|byte| bytewise.receive(byte).err());
    assert_eq!(found, Some(ResponseError::StatusLine));
}

#[test]
fn an_end_without_one_byte_is_told_from_every_other_failure() {
    let mut silent = exchange(10);
    silent.receive(b"").unwrap();
    silent.peer_ended().unwrap_err();
    assert_eq!(silent.progress(), Receiving::Nothing);
    for response in [&b"H"[..], b"x", b"HTTP/1.1 100 Continue\r\n\r\n"] {
        let mut exchange = exchange(10);
        let _ = exchange.receive(response);
        exchange.peer_ended().unwrap_err();
        assert_eq!(
            exchange.progress(),
            Receiving::Head,
            "{}",
            response.escape_ascii()
        );
    }
}

#[test]
fn bytes_after_the_response_spoil_the_connection_and_nothing_else() {
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(
        after(&[response, &b"x"[..]].concat()),
        spoilt(NoReuse::SurplusBytes)
    );
    let mut exchange = exchange(10);
    exchange.receive(response).unwrap();
    assert_eq!(exchange.next(), REUSABLE);
    exchange.receive(b"").unwrap();
    assert_eq!(exchange.next(), REUSABLE);
    exchange.receive(b"HTTP/1.1 500 Evil\r\n\r\n").unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::SurplusBytes));
    assert_eq!(exchange.into_response().unwrap().head.status, 200);
}

#[test]
fn the_peers_end_spoils_the_connection() {
    let mut exchange = exchange(10);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    exchange.peer_ended().unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::PeerEnded));
}

#[test]
fn an_early_200_may_be_sent_to_the_end_after_the_peer_has_ended_its_side() {
    let mut exchange = exchange(4);
    exchange.receive(b"HTTP/1.1 200 OK\r\n\r\nok").unwrap();
    exchange.peer_ended().unwrap();
    assert_eq!(exchange.next(), SEND);
    exchange.body_sent(6);
    assert_eq!(exchange.next(), spoilt(NoReuse::ReadToClose));
}

#[test]
fn a_body_without_length_ends_with_the_peer() {
    let mut exchange = exchange(10);
    exchange.receive(b"HTTP/1.1 200 OK\r\n\r\nab").unwrap();
    assert_eq!(
        (exchange.next(), exchange.progress()),
        (LISTEN, Receiving::Body)
    );
    exchange.receive(b"c").unwrap();
    exchange.peer_ended().unwrap();
    assert_eq!(exchange.next(), spoilt(NoReuse::ReadToClose));
    assert_eq!(exchange.into_response().unwrap().body, "abc");
}

#[test]
fn an_end_too_early_is_told_from_a_malformed_one() {
    for (response, error) in [
        (&b""[..], ResponseError::ClosedBeforeHead),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n",
            ResponseError::ClosedBeforeHead,
        ),
        (b"HTTP/1.1 20", ResponseError::ClosedInHead),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n", ResponseError::ClosedInHead),
        (b"HTTP/1.1 200 OK\r\nA: \0", ResponseError::HeaderValue),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            ResponseError::ClosedInBody,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            ResponseError::ClosedInBody,
        ),
    ] {
        let mut exchange = exchange(10);
        let came = exchange
            .receive(response)
            .and_then(|()| exchange.peer_ended());
        assert_eq!(came, Err(error), "{}", response.escape_ascii());
        let closed = error.class() == ResponseErrorClass::Closed;
        assert_eq!(closed, error != ResponseError::HeaderValue);
    }
}

#[test]
fn whether_a_connection_is_reusable_follows_from_version_options_and_framing() {
    use NoReuse::*;
    for (response, next) in [
        ("1.1 200 OK\r\nContent-Length: 0\r\n", REUSABLE),
        (
            "1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n",
            REUSABLE,
        ),
        (
            "1.1 200 OK\r\nContent-Length: 0\r\nProxy-Connection: close\r\n",
            REUSABLE,
        ),
        (
            "1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n",
            spoilt(PeerCloses),
        ),
        (
            "1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nConnection: close\r\n",
            spoilt(PeerCloses),
        ),
        ("1.0 200 OK\r\nContent-Length: 0\r\n", spoilt(Http10)),
        (
            "1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n",
            REUSABLE,
        ),
        (
            "1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive, close\r\n",
            spoilt(PeerCloses),
        ),
        ("1.1 204 No Content\r\n", REUSABLE),
        ("1.1 204 No Content\r\nContent-Length: 0\r\n", REUSABLE),
        (
            "1.1 204 No Content\r\nContent-Length: 1\r\n",
            spoilt(BodilessFraming),
        ),
        (
            "1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n",
            spoilt(BodilessFraming),
        ),
        (
            "1.1 304 Not Modified\r\nContent-Length: 9\r\n",
            spoilt(BodilessFraming),
        ),
        ("1.1 304 Not Modified\r\n", REUSABLE),
    ] {
        assert_eq!(
            after(format!("HTTP/{response}\r\n").as_bytes()),
            next,
            "{response:?}"
        );
    }
    for (fields, next) in [
        ("1.1 200 OK\r\n", REUSABLE),
        (
            "1.1 200 OK\r\nContent-Length: 7\r\n",
            spoilt(TransferEncodingWithLength),
        ),
        (
            "1.0 200 OK\r\nConnection: keep-alive\r\n",
            spoilt(TransferEncodingInHttp10),
        ),
    ] {
        let response =
            format!("HTTP/{fields}Transfer-Encoding: CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n");
        assert_eq!(after(response.as_bytes()), next, "{fields:?}");
    }
}

#[test]
fn content_lengths_are_digits_and_agree() {
    let length = |value: &str| {
        let mut exchange = exchange(10);
        let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {value}\r\n\r\nabc");
        exchange.receive(response.as_bytes())?;
        exchange.peer_ended()?;
        Ok(exchange.into_response().unwrap().body.len())
    };
    for good in [
        "3",
        "003",
        " 3\t",
        "3,3",
        "3 ,\t3",
        "3\r\nContent-Length: 3",
        "3, 03",
    ] {
        assert_eq!(length(good), Ok(3), "{good:?}");
    }
    for bad in [
        "",
        "+3",
        "-3",
        "3.",
        "0x3",
        "3 3",
        "3,",
        ",3",
        "\u{663}",
        "18446744073709551616",
        "99999999999999999999999",
    ] {
        assert_eq!(length(bad), Err(ResponseError::ContentLength), "{bad:?}");
    }
    for bad in ["3,2", "3\r\ncontent-length: 2"] {
        assert_eq!(
            length(bad),
            Err(ResponseError::ContentLengthsDiffer),
            "{bad:?}"
        );
    }
    assert_eq!(
        length("18446744073709551615"),
        Err(ResponseError::BodyTooLong)
    );
}

#[test]
fn folded_lines_are_joined_by_one_space() {
    let mut exchange = exchange(10);
    let response = b"HTTP/1.1 200 OK\r\nA: one \r\n\t two\n three\r\nB:\r\n \r\nC:\r\n c\r\n\r\n";
    exchange.receive(response).unwrap();
    let headers = &exchange.head().unwrap().headers;
    let fields: Vec<_> = headers.iter().collect();
    assert_eq!(
        fields,
        [("A", &b"one two three"[..]), ("B", b""), ("C", b"c")]
    );
}

#[test]
fn a_reason_that_is_not_ascii_is_left_out() {
    for (line, reason) in [
        ("200 All Right", "All Right"),
        ("200", ""),
        ("200 \u{e9}", ""),
    ] {
        let mut exchange = exchange(10);
        exchange
            .receive(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes())
            .unwrap();
        assert_eq!(exchange.head().unwrap().reason, reason);
    }
}

#[test]
fn a_reason_is_told_as_it_came_whether_or_not_it_is_the_standard_one() {
    for (line, reason, is_borrowed) in [
        ("200 OK", "OK", true),
        ("200 ok", "ok", false),
        ("404 OK", "OK", false),
        ("404 Not Found", "Not Found", true),
        ("413 Payload Too Large", "Payload Too Large", false),
        ("799 OK", "OK", false),
        ("500 ", "", true),
    ] {
        let mut exchange = exchange(10);
        exchange
            .receive(format!("HTTP/1.1 {line}\r\n\r\n").as_bytes())
            .unwrap();
        let told = &exchange.head().unwrap().reason;
        assert_eq!(told, reason);
        assert_eq!(matches!(told, Cow::Borrowed(_)), is_borrowed, "{line}");
    }
}

#[test]
#[should_panic(expected = "more body sent than there is")]
#[cfg(debug_assertions)]
fn more_body_than_there_is_is_a_defect() {
    exchange(10).body_sent(1);
}

#[test]
fn debug_shows_no_content() {
    let mut exchange = exchange(4);
    exchange
        .receive(b"HTTP/1.1 200 OK\r\nX: secret\r\n\r\nsecret")
        .unwrap();
    let shown = format!("{exchange:?} {:?}", exchange.head());
    assert!(
        !shown.contains("secret") && shown.contains("\"X\""),
        "{shown}"
    );
}
