//! `tt.uploadFile` for QuickJS, over the engine of Quintet.
//!
//! - A host that has a QuickJS of its own opens a [`Door`] in its context; its loop calls [`Door::deliver`] when it is
//!   woken.
//! - A host that has none takes a [`Shell`]: a context with `console`, `setTimeout`, Promises and doors, which runs a
//!   script until nothing is left to do, within bounds of time and memory.
//!
//! ```
//! use quintet::Engine;
//! use quintet_quickjs::{Api, Sandbox, Shell, ShellSettings};
//! # let folder = tempfile::tempdir()?;
//!
//! let engine = Engine::builder(quintet_tcp::TcpConnect::new())
//!     .files(Sandbox::new(folder.path()))
//!     .start()?;
//! let mut shell = Shell::new(ShellSettings::default()).map_err(std::io::Error::other)?;
//! shell.open(Api::tt(engine)).map_err(std::io::Error::other)?;
//! let ended = shell.run("script.js", "tt.uploadFile({ fail(res) { console.log(res.errMsg) } })");
//! assert_eq!(ended.uncaught, 0);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What a script sees
//!
//! `tt.uploadFile(options)` returns a task at once: `onProgressUpdate`, `abort`, and as extensions `offProgressUpdate`,
//! `onHeadersReceived`, `offHeadersReceived`, `pause`, `resume`, `trace`, `ignoredHeaders` and `then` (`catch`, `finally`), by
//! which a task can be awaited: it resolves with the object of `success` and rejects with that of `fail`, after `complete`. (An `async` function that
//! returns a task therefore returns its result.) Nobody who does not call `then` has a rejection to handle.
//!
//! What a callback throws goes to the host as the reason of an unhandled rejection; the other callbacks and the upload
//! go on. An option whose getter throws is an `invalid parameter`.
//!
//! # Threads
//!
//! The engine has a thread of its own, and QuickJS stays where the host runs it: the simplest of the choices, because
//! neither waits for the other (a script may run for seconds while its uploads go on) and a host's loop needs to know
//! nothing of sockets. The engine's listener puts each event into the door's inbox and wakes the host; the JavaScript
//! thread takes them out in their order. Of one upload at most one progress event waits there, the latest, so a script
//! that does not come back costs no memory. Only numbers and texts cross: a JavaScript value never leaves its thread.
//!
//! # Memory
//!
//! Callbacks are kept by JavaScript, in closures of the door's own script. Of JavaScript's values a [`Door`] holds one
//! function, and with it the context: a runtime cannot go before its doors, which QuickJS would answer with an abort of
//! the process. Do not keep a `Door` in something that JavaScript owns.
#![forbid(unsafe_code)]

mod api;
mod door;
mod inbox;
mod natives;
mod reader;
mod sandbox;
mod shell;
mod writer;

pub use api::{Api, WX_ACTIVE_MAX};
pub use door::Door;
pub use quintet_options::Include;
pub use reader::VALUES_MAX;
/// The bindings that the types of this crate come from.
pub use rquickjs;
pub use sandbox::Sandbox;
pub use shell::{Ended, Level, Print, Shell, ShellSettings, Stop};
