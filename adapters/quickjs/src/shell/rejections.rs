//! What was thrown and nobody caught.

use std::cell::{Cell, RefCell};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use rquickjs::runtime::RejectionTracker;
use rquickjs::{Ctx, Runtime, Value};

use super::Level;

/// Rejections that may yet find who handles them, until the running jobs are done.
#[derive(Default)]
pub(super) struct Rejections {
    /// By promise; what was thrown past every promise has none.
    waiting: RefCell<Vec<(Option<u64>, String)>>,
    reported: Cell<usize>,
}

impl Rejections {
    pub(super) fn watch(runtime: &Runtime) -> Rc<Self> {
        let rejections = Rc::new(Self::default());
        let told = rejections.clone();
        let tracker: RejectionTracker = Box::new(move |ctx, promise, reason, handled| {
            let promise = Some(name(&promise));
            let mut waiting = told.waiting.borrow_mut();
            if handled {
                waiting.retain(|(known, _)| *known != promise);
            } else {
                // Not while it is borrowed: describing may run a getter that rejects something.
                drop(waiting);
                let text = describe(&ctx, &reason);
                told.waiting.borrow_mut().push((promise, text));
            }
        });
        runtime.set_host_promise_rejection_tracker(Some(tracker));
        rejections
    }

    pub(super) fn uncaught(&self, text: String) {
        self.waiting.borrow_mut().push((None, text));
    }

    /// Prints what nobody handled.
    pub(super) fn report(&self, print: &dyn Fn(Level, &str)) {
        for (_, text) in self.waiting.take() {
            self.reported.set(self.reported.get() + 1);
            print(Level::Error, &format!("Uncaught {text}"));
        }
    }

    /// How many were printed since the last time that this was asked.
    pub(super) fn take_reported(&self) -> usize {
        self.reported.take()
    }
}

/// Which promise this is, without holding it.
fn name(promise: &Value<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    promise.hash(&mut hasher);
    hasher.finish()
}

/// What was thrown, for people.
pub(super) fn describe<'js>(ctx: &Ctx<'js>, thrown: &Value<'js>) -> String {
    if thrown.is_null() {
        // What QuickJS throws when there is no memory for an error either.
        return "null, or out of memory".into();
    }
    if let Some(text) = thrown.as_string() {
        return self::text(text);
    }
    if let Some(error) = thrown.as_exception() {
        let name: Option<String> = error.get("name").ok();
        let name = name.unwrap_or_else(|| "Error".into());
        let message = error.message().unwrap_or_default();
        let stack = error.stack().unwrap_or_default();
        forget(ctx);
        return format!("{name}: {message}\n{stack}").trim_end().into();
    }
    let shown = ctx.json_stringify(thrown.clone());
    let shown = shown.ok().flatten().map(|shown| self::text(&shown));
    forget(ctx);
    shown.unwrap_or_else(|| thrown.type_name().into())
}

/// What a getter threw while something was described.
fn forget(ctx: &Ctx<'_>) {
    if ctx.has_exception() {
        ctx.catch();
    }
}

/// The text of a string; of one with half a surrogate pair, that it is so.
pub(super) fn text(string: &rquickjs::String<'_>) -> String {
    string
        .to_string()
        .unwrap_or_else(|_| "[text that is not well-formed]".into())
}
