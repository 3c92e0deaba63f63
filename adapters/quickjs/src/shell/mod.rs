//! A context with what scripts expect, and the loop that runs one until nothing is left to do.

mod bell;
mod guard;
mod rejections;
mod timers;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rquickjs::context::EvalOptions;
use rquickjs::{Context, Ctx, Function, Object, Persistent, Result, Runtime, Value};

use crate::api::Api;
use crate::door::Door;
use bell::Bell;
use guard::Guard;
use rejections::{Rejections, describe};
use timers::Timers;

const SCRIPT: &str = include_str!("shell.js");
/// What callbacks get to hear of the end after a script was stopped: as long as the end of an engine may take.
const GRACE: Duration = Duration::from_secs(2);
/// Jobs between two events in that time: a chain of promises that never ends must not keep the news waiting.
const GRACE_JOBS: usize = 1_000;

/// Where a line of `console` belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// `console.debug`, `log` and `info`.
    Out,
    /// `console.warn` and `error`, and what nobody caught.
    Error,
}

/// Where lines go to.
pub type Print = Box<dyn Fn(Level, &str)>;

/// Bounds of a script, and what it prints to.
#[non_exhaustive]
pub struct ShellSettings {
    /// Most bytes of JavaScript's memory; beyond it a script gets an `InternalError`. 256 MiB.
    pub memory_bytes_max: usize,
    /// Longest time of a run; none by default.
    pub timeout: Option<Duration>,
    /// Gets each line, without its end. Nothing is printed by default.
    pub print: Print,
}

impl Default for ShellSettings {
    fn default() -> Self {
        Self {
            memory_bytes_max: 256 << 20,
            timeout: None,
            print: Box::new(|_, _| {}),
        }
    }
}

impl fmt::Debug for ShellSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShellSettings")
            .field("memory_bytes_max", &self.memory_bytes_max)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// Errors that nobody caught, thrown or as rejections; each was printed.
    pub uncaught: usize,
    /// Why it did not go on until nothing was left to do.
    pub stopped: Option<Stop>,
}

/// Why a script was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Its time was over.
    Timeout,
    /// It could not be told of an event: JavaScript's memory did not suffice, or the script broke what tells it.
    Undelivered,
}

/// A runtime, a context, and its doors.
pub struct Shell {
    // Whatever holds JavaScript's values goes first.
    doors: Vec<Door>,
    fire: Persistent<Function<'static>>,
    timers: Rc<RefCell<Timers>>,
    rejections: Rc<Rejections>,
    guard: Guard,
    bell: Arc<Bell>,
    settings: Rc<ShellSettings>,
    context: Context,
    runtime: Runtime,
}

impl Shell {
    /// A new context, with `console`, `setTimeout`, `clearTimeout` and the language's own.
    ///
    /// # Errors
    /// What QuickJS says.
    pub fn new(settings: ShellSettings) -> Result<Self> {
        let runtime = Runtime::new()?;
        let context = Context::full(&runtime)?;
        let settings = Rc::new(settings);
        let timers = Rc::new(RefCell::new(Timers::default()));
        let fire = context.with(|ctx| install(&ctx, &settings, &timers))?;
        Ok(Self {
            doors: Vec::new(),
            fire,
            timers,
            rejections: Rejections::watch(&runtime),
            guard: Guard::watch(&runtime),
            bell: Arc::default(),
            settings,
            context,
            runtime,
        })
    }

    /// Adds an API.
    ///
    /// # Errors
    /// As [`Door::open`].
    pub fn open(&mut self, api: Api) -> Result<()> {
        let bell = self.bell.clone();
        let door = Door::open(&self.context, api, move || bell.ring())?;
        self.doors.push(door);
        Ok(())
    }

    /// The context, for globals of the host's own.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Runs a script until no upload and no timer is left. Its top level may `await`; `name` is what errors call it.
    ///
    /// Stopped, it has its uploads aborted, and two seconds to hear of it; what it begins then is aborted too.
    pub fn run(&self, name: &str, script: &str) -> Ended {
        let timeout = self.settings.timeout;
        // A time that no clock will show is none.
        let deadline = timeout.and_then(|longest| Instant::now().checked_add(longest));
        self.guard.set(deadline);
        // Not before: QuickJS cannot be trusted to make a context where memory is short, a script it can stop anywhere.
        // Zero would be no bound.
        let memory = self.settings.memory_bytes_max.max(1);
        self.runtime.set_memory_limit(memory);
        // What is wrong was noted; what it began before that goes on.
        let _ = self.begin(name, script);
        let stopped = self.go_on(deadline);
        if stopped.is_some() {
            self.wind_up();
        }
        Ended {
            uncaught: self.rejections.take_reported(),
            stopped,
        }
    }

    fn begin(&self, name: &str, script: &str) -> Result<()> {
        self.context.with(|ctx| {
            let mut options = EvalOptions::default();
            options.strict = false;
            options.promise = true;
            options.filename = Some(name.into());
            // What is thrown at the top level rejects the promise; only what cannot be parsed is an error here.
            let begun = ctx.eval_with_options::<Value<'_>, _>(script, options);
            self.caught(&ctx, begun.map(drop))
        })
    }

    /// Tells why it stopped, if not because all is done.
    fn go_on(&self, deadline: Option<Instant>) -> Option<Stop> {
        loop {
            self.run_jobs(usize::MAX);
            if self.is_late(deadline) {
                return Some(Stop::Timeout);
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) if self.is_idle() => return None,
                Ok(false) => {
                    let timer = self.timers.borrow().next();
                    self.bell.wait(timer.into_iter().chain(deadline).min());
                }
                Err(_) if self.guard.fell() => return Some(Stop::Timeout),
                Err(_) => return Some(Stop::Undelivered),
            }
        }
    }

    /// After a stop: ends what was begun, and what its callbacks begin, and lets them hear of it.
    fn wind_up(&self) {
        self.timers.borrow_mut().clear();
        let deadline = Instant::now() + GRACE;
        self.guard.set(Some(deadline));
        while !self.is_idle() && !self.is_late(Some(deadline)) {
            self.doors.iter().for_each(Door::abort_all);
            match self.step() {
                Ok(true) => {}
                Ok(false) => self.bell.wait(Some(deadline)),
                // It cannot be told, and would not be by the next try.
                Err(_) => break,
            }
            self.timers.borrow_mut().clear();
            self.run_jobs(GRACE_JOBS);
        }
        self.doors.iter().for_each(Door::abort_all);
        self.run_jobs(GRACE_JOBS);
    }

    fn is_late(&self, deadline: Option<Instant>) -> bool {
        self.guard.fell() || deadline.is_some_and(|at| at <= Instant::now())
    }

    /// One event of each door and one timer: neither can keep the other waiting.
    fn step(&self) -> Result<bool> {
        let mut moved = false;
        for door in &self.doors {
            moved |= self
                .context
                .with(|ctx| self.caught(&ctx, door.deliver(&ctx)))?;
        }
        let due = self.timers.borrow_mut().take_due(Instant::now());
        if let Some(id) = due {
            moved = true;
            self.context.with(|ctx| {
                let fire = self.fire.clone().restore(&ctx)?;
                self.caught(&ctx, fire.call::<_, ()>((id,)))
            })?;
        }
        Ok(moved)
    }

    /// Takes note of what was thrown.
    fn caught<T>(&self, ctx: &Ctx<'_>, result: Result<T>) -> Result<T> {
        if let Err(error) = &result {
            let text = match error.is_exception() {
                true => describe(ctx, &ctx.catch()),
                false => error.to_string(),
            };
            self.rejections.uncaught(text);
        }
        result
    }

    fn is_idle(&self) -> bool {
        self.timers.borrow().next().is_none() && self.doors.iter().all(|door| door.uploads() == 0)
    }

    fn run_jobs(&self, most: usize) {
        for _ in 0..most {
            if self.guard.fell() {
                break;
            }
            match self.runtime.execute_pending_job() {
                Ok(true) => {}
                Ok(false) => break,
                // A job that throws: only one that was interrupted, or had no memory.
                Err(thrown) => {
                    let text = thrown.0.with(|ctx| describe(&ctx, &ctx.catch()));
                    self.rejections.uncaught(text);
                }
            }
        }
        self.rejections.report(&*self.settings.print);
    }
}

impl fmt::Debug for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shell")
            .field("settings", &self.settings)
            .field("doors", &self.doors)
            .finish_non_exhaustive()
    }
}

fn install(
    ctx: &Ctx<'_>,
    settings: &Rc<ShellSettings>,
    timers: &Rc<RefCell<Timers>>,
) -> Result<Persistent<Function<'static>>> {
    let native = Object::new(ctx.clone())?;
    let out = settings.clone();
    let print = move |level: String, text: rquickjs::String<'_>| {
        let level = match &*level {
            "warn" | "error" => Level::Error,
            _ => Level::Out,
        };
        (out.print)(level, &rejections::text(&text));
    };
    native.set("print", Function::new(ctx.clone(), print)?)?;
    let times = timers.clone();
    let schedule = move |id: u64, millis: f64| times.borrow_mut().schedule(id, millis);
    native.set("schedule", Function::new(ctx.clone(), schedule)?)?;
    let times = timers.clone();
    let cancel = move |id: u64| times.borrow_mut().cancel(id);
    native.set("cancel", Function::new(ctx.clone(), cancel)?)?;
    let script: Function<'_> = ctx.eval(SCRIPT)?;
    let fire: Function<'_> = script.call((native,))?;
    Ok(Persistent::save(ctx, fire))
}
