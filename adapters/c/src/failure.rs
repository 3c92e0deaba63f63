//! What goes wrong with a call: a number for the program, a sentence for people, and never a panic for the caller.

use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi;

/// Why a call did nothing.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: i32,
    pub(crate) says: String,
}

impl Failure {
    pub(crate) fn new(code: i32, says: impl Display) -> Self {
        Self {
            code,
            says: says.to_string(),
        }
    }

    /// An argument is wrong.
    pub(crate) fn invalid(says: impl Display) -> Self {
        Self::new(abi::QUINTET_INVALID, says)
    }

    /// The call would wait for what it stands in the way of.
    pub(crate) fn busy(says: impl Display) -> Self {
        Self::new(abi::QUINTET_BUSY, says)
    }
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// The sentence of this thread's last failure. It lives until the thread's next one.
pub(crate) fn last_error() -> *const c_char {
    let empty: &'static CStr = c"";
    // A thread that is ending has none any more.
    LAST.try_with(|last| last.borrow().as_ptr())
        .unwrap_or(empty.as_ptr())
}

fn remember(says: &str) {
    let says: Vec<u8> = says.bytes().filter(|byte| *byte != 0).collect();
    // What could be refused was filtered out.
    let says = CString::new(says).unwrap_or_default();
    let _ = LAST.try_with(|last| last.replace(says));
}

/// Runs an entry point: its number, or that of its failure, which is remembered.
pub(crate) fn answer(mut call: impl FnMut() -> Result<i32, Failure>) -> i32 {
    // One copy for all entry points.
    answer_dyn(&mut call)
}

fn answer_dyn(call: &mut dyn FnMut() -> Result<i32, Failure>) -> i32 {
    // Whatever a panic leaves behind is either the call's own or under a lock that is taken over.
    let failure = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(number)) => return number,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::new(abi::QUINTET_PANIC, panic_says(&*panic)),
    };
    remember(&failure.says);
    failure.code
}

fn panic_says(panic: &(dyn Any + Send)) -> String {
    let what = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a defect of this library: {}", what.unwrap_or("a panic"))
}
