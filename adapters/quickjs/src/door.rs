//! A door: `uploadFile` in a context, and the way of its events back to it.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use quintet_options::{headers_received, progress, result};
use rquickjs::{Array, Context, Ctx, Function, Object, Persistent, Result, Value};

use crate::api::Api;
use crate::inbox::{Inbox, News};
use crate::natives::Natives;
use crate::writer::write;

const SCRIPT: &str = include_str!("door.js");

/// An [`Api`] in a context. Belongs to the thread of its runtime, and keeps the context alive; dropped, it aborts the
/// uploads whose end was not told, and tells no more.
pub struct Door {
    natives: Rc<Natives>,
    inbox: Arc<Inbox>,
    // Before the context: QuickJS ends the process if a runtime goes while one of its values is held.
    dispatch: Persistent<Function<'static>>,
    _context: Context,
}

impl Door {
    /// Adds the API to the context. `wake` is called on the engine's thread whenever there is something new to
    /// [`deliver`](Self::deliver); it should do no more than wake the JavaScript thread.
    ///
    /// # Errors
    /// What QuickJS says, as when its memory does not suffice.
    ///
    /// # Panics
    /// Within `Context::with` of the same runtime.
    pub fn open(
        context: &Context,
        api: Api,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        let name = api.name.clone();
        let inbox = Inbox::new(wake);
        let natives = Natives::new(api, inbox.clone());
        let dispatch = context.with(|ctx| install(&ctx, &name, &natives))?;
        Ok(Self {
            natives,
            inbox,
            dispatch,
            _context: context.clone(),
        })
    }

    /// Calls the callbacks of one event, if any waits; returns whether one did. Run the context's jobs after each.
    ///
    /// # Errors
    /// If QuickJS was interrupted, or its memory did not suffice. An event that could not be told is told by the next
    /// call, unless it was progress; one whose callbacks were broken off is not told again.
    pub fn deliver(&self, ctx: &Ctx<'_>) -> Result<bool> {
        let Some((key, news)) = self.inbox.take() else {
            return Ok(false);
        };
        let (what, value) = match self.told(ctx, key, &news) {
            Ok(told) => told,
            Err(error) => {
                // A progress may be left out: what comes later tells more.
                if !matches!(news, News::Progress) {
                    self.inbox.put_back(key, news);
                }
                return Err(error);
            }
        };
        if matches!(news, News::Done(_)) {
            self.natives.ended(key);
        }
        let dispatch = self.dispatch.clone().restore(ctx)?;
        dispatch.call::<_, ()>((key, what, value))?;
        Ok(true)
    }

    fn told<'js>(
        &self,
        ctx: &Ctx<'js>,
        key: u64,
        news: &News,
    ) -> Result<(&'static str, Value<'js>)> {
        let (what, value) = match news {
            News::Progress => ("progress", self.inbox.progress(key).as_ref().map(progress)),
            News::Headers { status, headers } => {
                ("headers", Some(headers_received(*status, headers)))
            }
            News::Done(outcome) => {
                let what = if outcome.result.is_ok() {
                    "success"
                } else {
                    "fail"
                };
                (what, Some(result(outcome, self.natives.include(key))))
            }
        };
        Ok((what, write(ctx, value.unwrap_or_default())?))
    }

    /// How many uploads were begun whose end was not told yet.
    pub fn uploads(&self) -> usize {
        self.natives.count()
    }

    /// Aborts every upload whose end was not told; that is told as usual.
    pub fn abort_all(&self) {
        self.natives.abort_all();
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.abort_all();
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("uploads", &self.uploads())
            .finish_non_exhaustive()
    }
}

fn install(
    ctx: &Ctx<'_>,
    name: &str,
    natives: &Rc<Natives>,
) -> Result<Persistent<Function<'static>>> {
    let script: Function<'_> = ctx.eval(SCRIPT)?;
    let made: Array<'_> = script.call((natives.object(ctx)?,))?;
    let (upload_file, dispatch): (Function<'_>, Function<'_>) = (made.get(0)?, made.get(1)?);
    let globals = ctx.globals();
    let there: Value<'_> = globals.get(name)?;
    let object = match there.into_object() {
        Some(object) => object,
        None => {
            let object = Object::new(ctx.clone())?;
            globals.set(name, object.clone())?;
            object
        }
    };
    object.set("uploadFile", upload_file)?;
    Ok(Persistent::save(ctx, dispatch))
}
