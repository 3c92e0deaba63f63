//! When numbers are not what they seem.

use super::text::time;
use super::{Report, Warning};
use crate::phase::Phase;

/// The bench is taken for the bottleneck where a thread of it was busy for more than this part of the time, or the
/// process for more than that part of all processors.
const THREAD_SHARE_MAX: f64 = 0.9;
const PROCESS_SHARE_MAX: f64 = 0.9;
/// Uploads begun later than this part of the median response time, at their 99th percentile, distort it.
const LATE_PART_MAX: f64 = 0.1;
/// An achieved rate below this part of the intended one is not the rate that was asked for.
const RATE_PART_MIN: f64 = 0.99;
/// A percentile rests on at least so many values beyond it, or is told as weak.
const BEYOND_MIN: f64 = 10.0;

pub(super) fn of(report: &Report) -> Vec<Warning> {
    let all = [
        no_sample(report),
        rate_missed(report),
        late(report),
        busy(report),
        starved(report),
        failures(report),
        refused(report),
        unfinished(report),
        small_sample(report),
        closed(report),
        stopped(report),
    ];
    all.into_iter().flatten().collect()
}

fn warning(code: &str, text: String) -> Option<Warning> {
    let code = code.into();
    Some(Warning { code, text })
}

fn is_open(report: &Report) -> bool {
    report.settings.load == "open"
}

fn no_sample(report: &Report) -> Option<Warning> {
    if report.uploads.measured_answered > 0 {
        return None;
    }
    let text = "no measured upload was answered: there are no times to tell".into();
    warning("no-sample", text)
}

fn rate_missed(report: &Report) -> Option<Warning> {
    let intended = report.rate.intended_per_s?;
    let achieved = report.rate.achieved_per_s;
    // Of a few uploads, those at the edges make more than that.
    let edge = report.rate.answered < 200;
    if achieved >= intended * RATE_PART_MIN || edge {
        return None;
    }
    warning(
        "rate-missed",
        format!(
            "{achieved:.1} uploads a second were answered of {intended:.1} intended: the server, the network or this \
             machine does not keep up, and response times grow for as long as the bench lasts"
        ),
    )
}

fn late(report: &Report) -> Option<Warning> {
    if !is_open(report) {
        return None;
    }
    let late = report.phase(Phase::Late)?.p99_us;
    let response = report.phase(Phase::Response)?.p50_us;
    if late as f64 <= response as f64 * LATE_PART_MAX {
        return None;
    }
    warning(
        "late",
        format!(
            "the bench began one in a hundred uploads {} and more after they were due, with a median response time \
             of {}: this machine is too busy to keep the schedule, or the server too fast for it",
            time(late as f64),
            time(response as f64)
        ),
    )
}

fn busy(report: &Report) -> Option<Warning> {
    let client = &report.client;
    let (thread, process) = (client.busiest_thread_share, client.cpu_share);
    if thread <= THREAD_SHARE_MAX && process <= PROCESS_SHARE_MAX {
        return None;
    }
    warning(
        "client-busy",
        format!(
            "the bench itself was the bottleneck, or near it: its busiest thread was busy for {:.0} % of the time, the \
             process used {:.0} % of all processors; use more --threads, or more machines (--shard)",
            thread * 100.0,
            process * 100.0
        ),
    )
}

fn starved(report: &Report) -> Option<Warning> {
    let queue = report.phase(Phase::Queue)?.p50_us;
    let service = report.phase(Phase::Service)?.p50_us;
    if !is_open(report) || queue <= service / 2 || queue < 1_000 {
        return None;
    }
    warning(
        "slots-starved",
        format!(
            "half of the uploads waited {} and more for a slot, with a median service time of {}: the server was given \
             fewer uploads at once than were due; use more --clients or --jobs to see whether it could have taken more",
            time(queue as f64),
            time(service as f64)
        ),
    )
}

fn failures(report: &Report) -> Option<Warning> {
    let uploads = &report.uploads;
    let (failed, measured) = (uploads.measured_failed, uploads.measured);
    if failed == 0 {
        return None;
    }
    warning(
        "failures",
        format!(
            "{failed} of {measured} measured uploads failed: their times are in no phase but `failed`"
        ),
    )
}

fn refused(report: &Report) -> Option<Warning> {
    let statuses = report.uploads.statuses.iter();
    let refused = statuses.filter(|(status, _)| **status >= 400);
    let refused: u64 = refused.map(|(_, count)| count).sum();
    if refused == 0 {
        return None;
    }
    let answered = report.uploads.measured_answered;
    warning(
        "statuses",
        format!(
            "{refused} of {answered} measured answers have a status of 400 or more: a server is quick to say no"
        ),
    )
}

fn unfinished(report: &Report) -> Option<Warning> {
    let uploads = &report.uploads;
    let (unfinished, measured) = (uploads.measured_unfinished, uploads.measured);
    if unfinished == 0 {
        return None;
    }
    let part = 100.0 * (1.0 - unfinished as f64 / measured.max(1) as f64);
    warning(
        "unfinished",
        format!(
            "{unfinished} of {measured} measured uploads had not ended when the bench did: they are in no time, and \
             percentiles above {part:.2} may be higher than told"
        ),
    )
}

fn small_sample(report: &Report) -> Option<Warning> {
    let count = report.phase(Phase::Response)?.count as f64;
    let weak = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (0.999, "p99.9")]
        .into_iter()
        .find(|(quantile, _)| count * (1.0 - quantile) < BEYOND_MIN)?;
    warning(
        "small-sample",
        format!(
            "{count} uploads are too few for {} and what is beyond it: fewer than {BEYOND_MIN} lie above",
            weak.1
        ),
    )
}

fn closed(report: &Report) -> Option<Warning> {
    if is_open(report) {
        return None;
    }
    let text = "a closed loop sends less while the server is slow: whoever would have come meanwhile is in no number; \
                use --rate to see what they would have waited";
    warning("closed-loop", text.into())
}

fn stopped(report: &Report) -> Option<Warning> {
    if !report.stopped {
        return None;
    }
    let text = "it was stopped before its time: this is what ran until then".into();
    warning("stopped", text)
}
