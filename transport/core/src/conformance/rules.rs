//! The rules, each with its name and its sentence.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::ends::{Checked, Ends};

mod ending;
mod files;
mod reading;
mod telling;
mod waking;
mod writing;

/// One rule of [`Connection`](crate::Connection).
pub struct Rule {
    /// By which it is known.
    pub name: &'static str,
    /// What it demands, in one sentence.
    pub says: &'static str,
    pub(super) run: Run,
}

type Run = for<'a> fn(&'a mut Ends) -> Pin<Box<dyn Future<Output = Checked> + 'a>>;

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! rules {
    ($($name:literal $run:path, $says:literal;)*) => {
        /// Every rule that the kit checks.
        pub static RULES: &[Rule] = &[$(Rule {
            name: $name,
            says: $says,
            run: |ends| Box::pin($run(ends)),
        }),*];
    };
}

rules! {
    "write-takes-some" writing::takes_some,
        "A write takes at least one byte and no more than were offered, also when one byte is offered.";
    "write-in-order" writing::in_order,
        "The bytes that were taken are the bytes that arrive, each once and in order, however slowly the peer reads.";
    "vectored-in-order" writing::vectored,
        "A vectored write takes from the front of its buffers in their order, and no more than they hold.";
    "pending-write-takes-nothing" writing::pending_takes_nothing,
        "A write that waits has taken nothing, however often it is made again.";
    "backpressure" writing::backpressure,
        "With a peer that does not read, writing soon waits: what is buffered on the way is bounded.";
    "taken-is-below" writing::taken_is_below,
        "Bytes that were taken arrive although the connection is dropped right after.";
    "read-in-order" reading::in_order,
        "The peer's bytes are read each once and in order, into buffers of any size.";
    "read-within-buffer" reading::within_buffer,
        "A read gives no more than its buffer holds, also when that is one byte.";
    "pending-read-loses-nothing" reading::pending_loses_nothing,
        "A read that waits, made again for no reason, waits again and loses nothing.";
    "both-ways" reading::both_ways,
        "Reading goes on while writing waits.";
    "reader-woken" waking::reader,
        "The waker of the last read that had to wait is woken when bytes come.";
    "writer-woken" waking::writer,
        "The waker of the last write that had to wait is woken when there is room.";
    "wakers-apart" waking::apart,
        "Reading and writing each keep their own waker, whichever waits last.";
    "end-at-once" ending::at_once,
        "A peer that ends before its first byte reads as 0.";
    "end-after-bytes" ending::after_bytes,
        "A peer's end reads as 0 once every byte before it was read.";
    "end-stays" ending::stays,
        "Once reading gave 0, it gives 0 again.";
    "end-without-alert" ending::without_alert,
        "On a secured connection an end without the closing alert is the error UnexpectedEof, after the bytes before it.";
    "reset-while-reading" ending::reset_reading,
        "After the peer's reset reading fails: it neither waits nor gives 0.";
    "reset-while-writing" ending::reset_writing,
        "After the peer's reset writing fails, at the latest when the first bytes have gone.";
    "close-reaches-peer" ending::close_reaches_peer,
        "Closing is the end for the peer, after all bytes that were taken.";
    "close-leaves-reading" ending::close_leaves_reading,
        "After closing, the peer's bytes and its end are still read.";
    "close-again" ending::close_again,
        "Closing again is ready and no error.";
    "drop-ends" ending::drop_ends,
        "Dropping the connection ends it for the peer at once.";
    "drop-writes-nothing" ending::drop_writes_nothing,
        "Dropping the connection writes nothing more.";
    "acked-within-taken" telling::acked_within_taken,
        "Of the bytes taken, no more than those are told as acknowledged.";
    "acked-never-falls" telling::acked_never_falls,
        "What was told as acknowledged stays so.";
    "moved-tells" telling::moved,
        "The count of what has moved changes when bytes were written and when bytes were read, and never falls.";
    "file-range" files::range,
        "A range of a file is declined, or sent from its offset, no longer than asked, between the writes before and after it.";
    "file-end" files::end,
        "Of a file that is shorter than asked, what is there is sent, and at or behind its end 0.";
}
