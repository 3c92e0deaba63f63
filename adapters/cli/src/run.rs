//! `quintet run`: a script in a sandbox, with an engine behind `tt` and another behind `wx`.

use std::cell::RefCell;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::rc::Rc;
use std::sync::Arc;

use quintet::{Engine, Rules, Settings};
use quintet_quickjs::rquickjs;
use quintet_quickjs::{Api, Level, Sandbox, Shell, ShellSettings, Stop, WX_ACTIVE_MAX};
use quintet_transport::Connect;

use crate::args::Run;
use crate::exit::Exit;
use crate::messages::{printable, tell};
use crate::transport;

pub(crate) fn run(args: &Run) -> io::Result<Exit> {
    let name = args.script.to_string_lossy();
    let script = fs::read_to_string(&args.script)
        .map_err(|error| io::Error::other(format!("{name}: {error}")))?;
    let transport = Arc::from(transport::of(&args.way, false)?);
    let (tt, wx) = (
        engine(args, &transport, Settings::default().active_max)?,
        engine(args, &transport, WX_ACTIVE_MAX)?,
    );
    let unwritten = Rc::default();
    let shell = shell(args, &tt, &wx, &unwritten);
    let ended = shell
        .map_err(|error| io::Error::other(format!("QuickJS: {error}")))?
        .run(&name, &script);
    for engine in [tt, wx] {
        engine.shutdown();
    }
    match ended.stopped {
        Some(Stop::Timeout) => tell("quintet: the script was stopped: its time was over"),
        Some(_) => tell("quintet: the script was stopped: it could not be told of an event"),
        None => {}
    }
    if let Some(error) = unwritten.take() {
        return Err(error);
    }
    Ok(match (ended.uncaught, ended.stopped) {
        (0, None) => Exit::Ok,
        _ => Exit::Script,
    })
}

fn engine(args: &Run, transport: &Arc<dyn Connect>, active_max: usize) -> io::Result<Engine> {
    let mut settings = Settings::default();
    settings.active_max = active_max;
    let mut rules = Rules::new();
    for pattern in &args.allow_hosts {
        let added = rules.domain(pattern);
        rules = added.map_err(|error| io::Error::other(format!("--allow-host: {error}")))?;
    }
    Engine::builder(transport.clone())
        .settings(settings)
        .files(Sandbox::new(&args.sandbox))
        .policy(rules)
        .start()
}

fn shell(
    args: &Run,
    tt: &Engine,
    wx: &Engine,
    unwritten: &Rc<RefCell<Option<io::Error>>>,
) -> rquickjs::Result<Shell> {
    let mut settings = ShellSettings::default();
    settings.memory_bytes_max = usize::try_from(args.memory.0).unwrap_or(usize::MAX);
    settings.timeout = args.timeout.map(|time| time.0);
    let unwritten = unwritten.clone();
    settings.print = Box::new(move |level, line| match level {
        Level::Error => tell(line),
        Level::Out => {
            if let Err(error) = print(line) {
                unwritten.borrow_mut().get_or_insert(error);
            }
        }
    });
    let mut shell = Shell::new(settings)?;
    shell.open(Api::tt(tt.clone()))?;
    shell.open(Api::wx(wx.clone()))?;
    shell.context().with(|ctx| {
        let globals = ctx.globals();
        globals.set("scriptArgs", args.arguments.clone())?;
        for (name, value) in &args.globals {
            globals.set(name.as_str(), value.as_str())?;
        }
        rquickjs::Result::Ok(())
    })?;
    Ok(shell)
}

/// A terminal gets what it can show, a file or the next program the text as it is.
fn print(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        writeln!(out, "{}", printable(line))
    } else {
        writeln!(out, "{line}")
    }
}
