//! How an upload may end: by what befell it, and in full agreement with what went over the wire.

use quintet::{ErrorKind, Outcome};

use crate::answer::Answer;
use crate::world::{Live, World};

/// What a clock of milliseconds may be off by.
const TICK: u64 = 1;

pub(crate) fn check(world: &World, upload: usize, live: &Live, outcome: &Outcome) {
    let wrong = |rule: &str, text: String| {
        world.violated(rule, || format!("upload {upload}: {text}"));
    };
    check_end(world, live, outcome, &wrong);
    if outcome.kind() == Some(ErrorKind::Internal) {
        wrong("I4", "internal error".into());
    }
    if outcome.trace.as_str() != live.trace {
        wrong(
            "h",
            format!("trace {} instead of {}", outcome.trace, live.trace),
        );
    }
    let done_at = outcome.timings.done.map(|at| at.as_millis() as u64);
    if done_at != Some(world.now()) {
        wrong(
            "stamps",
            format!("stamped {done_at:?}, and it is {}", world.now()),
        );
    }
    check_counts(live, outcome, &wrong);
    check_link(world, upload, live, outcome, &wrong);
    match &outcome.result {
        Ok(response) => {
            let Some(answer) = &live.answer else {
                return wrong("I11", "a success without an answer".into());
            };
            check_success(upload, live, answer, outcome, &wrong);
            // I13: the content names its upload.
            if response.status != answer.status || response.body != answer.content {
                wrong("I13", format!("not its answer: {response:?}"));
            }
        }
        Err(_) if live.headers_told => wrong("I11", "headers told, and then a failure".into()),
        Err(_) => {}
    }
}

/// The outcome is one that the matrix allows.
fn check_end(world: &World, live: &Live, outcome: &Outcome, wrong: &dyn Fn(&str, String)) {
    let now = world.now();
    let kind = outcome.kind();
    match (live.aborted_at, kind) {
        (Some(at), Some(ErrorKind::Aborted)) if at == now => return,
        (Some(at), Some(ErrorKind::Aborted)) => {
            return wrong("I18", format!("aborted at {at}, over at {now}"));
        }
        (Some(_), _) => return wrong("abort", format!("aborted, and then {kind:?}")),
        (None, Some(ErrorKind::Aborted)) => return wrong("abort", "nobody aborted it".into()),
        (None, _) => {}
    }
    match (world.shut_at.get(), kind) {
        (Some(at), Some(ErrorKind::ShutDown)) if now == at.max(live.called_at.unwrap_or(0)) => {
            return;
        }
        (at, Some(ErrorKind::ShutDown)) => {
            return wrong("I18", format!("shut down at {at:?}, over at {now}"));
        }
        // What had ended within the same turn, or never got so far.
        (Some(at), _) if now > at && kind != Some(ErrorKind::InvalidParameter) && live.shut => {
            return wrong(
                "I18",
                format!("{kind:?} after the engine was shut down at {at}"),
            );
        }
        _ => {}
    }
    if kind == Some(ErrorKind::QueueFull) {
        let queued = world.queue.borrow().len();
        if live.is_queued || queued < world.scenario.settings.queue_max {
            wrong("queue", format!("refused with {queued} in the queue"));
        }
        return;
    }
    if !live.expected.contains(&kind) {
        return wrong("matrix", format!("{kind:?} instead of {:?}", live.expected));
    }
    let window = live.window.filter(|_| kind.is_some());
    if let Some((from, to)) = window.filter(|(from, to)| now < *from || now > to + TICK) {
        wrong("I17", format!("{kind:?} not within {from}..={to} ms"));
    }
    let unanswered = kind == Some(ErrorKind::Closed) && live.heard_now == 0;
    if unanswered && live.reused {
        wrong("retry", "a stale connection was not tried again".into());
    }
}

/// I8: what is told is what the transport took and gave.
fn check_counts(live: &Live, outcome: &Outcome, wrong: &dyn Fn(&str, String)) {
    // A request that was planned and of which not one byte went leaves no trace on the wire.
    let untouched = live.requests < live.requests_due || live.body_taken == 0;
    if outcome.bytes_sent != live.body_taken && !(untouched && outcome.bytes_sent == 0) {
        wrong(
            "I8",
            format!(
                "{} bytes told, {} taken",
                outcome.bytes_sent, live.body_taken
            ),
        );
    }
    if outcome.wire_bytes_sent != live.wire_taken {
        wrong(
            "I8",
            format!(
                "{} wire bytes told, {} taken",
                outcome.wire_bytes_sent, live.wire_taken
            ),
        );
    }
    let surplus = live
        .answer
        .as_ref()
        .map_or(0, |answer| answer.surplus as u64);
    let heard = live.heard_all.saturating_sub(surplus)..=live.heard_all;
    if !heard.contains(&outcome.wire_bytes_received) {
        wrong(
            "I8",
            format!(
                "{} bytes of answers told, {heard:?} read",
                outcome.wire_bytes_received
            ),
        );
    }
    if outcome.may_retry != (live.wire_taken == 0) {
        wrong(
            "retry",
            format!("may_retry after {} bytes", live.wire_taken),
        );
    }
    if outcome
        .bytes_acked
        .is_some_and(|acked| acked > outcome.bytes_sent)
    {
        wrong("I8", format!("{:?} acked", outcome.bytes_acked));
    }
    let told = live.progress.is_some();
    let sent = live.body_taken > 0;
    if sent && !told {
        wrong("I7", "bytes were sent and no progress told".into());
    }
}

/// d: the connection is closed, unless it was left as it should be.
fn check_link(
    world: &World,
    upload: usize,
    live: &Live,
    outcome: &Outcome,
    wrong: &dyn Fn(&str, String),
) {
    let is_last = live.requests == live.requests_due;
    let Some(link) = live.own_link(upload).filter(|_| is_last) else {
        return;
    };
    if link.state().is_gone {
        return;
    }
    // A redirect that must not be followed ends an upload, and not its connection; nor does an abort or a shutdown that
    // comes between a complete answer and the word of it.
    let is_good = match outcome.kind() {
        None | Some(ErrorKind::DomainDenied | ErrorKind::Aborted | ErrorKind::ShutDown) => true,
        Some(_) => false,
    };
    // What arrives between the last byte and the word of it can still be found when the connection is wanted.
    if !is_good || !link.was_clean_at(world.now().saturating_sub(1)) {
        wrong(
            "d",
            format!("link {} is kept though it is spoilt", link.number),
        );
    }
}

/// I11, I12: a complete answer, to a complete request unless the answer cut it short.
fn check_success(
    upload: usize,
    live: &Live,
    answer: &Answer,
    outcome: &Outcome,
    wrong: &dyn Fn(&str, String),
) {
    let answered = match live.own_link(upload) {
        Some(link) => link.is_answered(answer.until_close),
        None => live.heard_now >= answer.len() as u64,
    };
    if !answered {
        wrong(
            "I11",
            format!("a success after {} bytes of its answer", live.heard_now),
        );
    }
    if !live.headers_told {
        wrong("I11", "a success without its headers".into());
    }
    let partial = live.going.with_body && !live.request_whole;
    if partial && !answer.stops && !live.may_be_partial {
        wrong(
            "I12",
            format!("a success after {} bytes of the body", outcome.bytes_sent),
        );
    }
}
