//! What the JavaScript half calls: start an engine, begin an upload, abort one.

use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::UnknownReturnValue;
use napi::{Error, Result, Status};
use napi_derive::napi;
use quintet::{Engine, Shutdown, UploadTask};
use quintet_options::{Call, DEPTH_MAX, Include, names, read};

use crate::news::{News, Queue, Teller, Told};
use crate::reader::{Wrong, within};
use crate::settings;
use crate::tape::Tape;
use crate::transport;

/// The options' names, in the order in which they are read.
#[napi]
pub fn option_names() -> Vec<&'static str> {
    names().collect()
}

/// Lists and objects within each other that an option may have.
#[napi]
pub fn depth_max() -> u32 {
    DEPTH_MAX as u32
}

/// An engine of one environment, and its uploads whose end was not told. When its JavaScript object is collected, or the
/// environment goes, the engine goes with it.
#[napi]
pub struct Door {
    engine: Engine,
    include: Include,
    queue: Arc<Queue>,
    uploads: HashMap<i64, UploadTask>,
}

#[napi]
impl Door {
    /// Starts an engine with the settings that were written down; what it tells is told to `dispatch`.
    #[napi(factory)]
    pub fn open(
        letters: String,
        texts: Vec<String>,
        numbers: Vec<f64>,
        dispatch: Function<'_, Told, UnknownReturnValue>,
    ) -> Result<Self> {
        let given = settings::read(&Tape::new(letters, texts, numbers).read()).map_err(wrong)?;
        let connect = transport::connect(&given.tls, given.proxy, given.no_proxy);
        let engine = Engine::builder(connect.map_err(wrong)?)
            .settings(given.settings)
            .policy(given.rules)
            .files(given.files)
            .start()?;
        let queue = dispatch
            .build_threadsafe_function::<News>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(News::tell)?;
        Ok(Self {
            engine,
            include: given.include,
            queue: Arc::new(queue),
            uploads: HashMap::new(),
        })
    }

    /// Begins an upload with the options that were written down; or one that fails, where the JavaScript half has found
    /// a mistake or the caller has aborted before. Returns its trace, and the headers that were ignored.
    #[napi]
    pub fn upload(
        &mut self,
        key: i64,
        letters: String,
        texts: Vec<String>,
        numbers: Vec<f64>,
        mistake: Option<(String, String)>,
        aborted: bool,
    ) -> Vec<String> {
        let call = match mistake {
            Some((name, why)) => Err(quintet::Error::parameter(&name, why)),
            None => read(&Tape::new(letters, texts, numbers).read(), self.include),
        };
        let call = match call {
            Ok(_) if aborted => Call::refused(quintet::Error::aborted()),
            read => read.unwrap_or_else(Call::refused),
        };
        let teller = Teller::new(key, call.include, self.queue.clone());
        let task = self.engine.upload(call.request.listener(Arc::new(teller)));
        let mut told = vec![task.trace().to_string()];
        told.extend_from_slice(task.ignored_headers());
        self.uploads.insert(key, task);
        told
    }

    /// Whether the abort took effect.
    #[napi]
    pub fn abort(&self, key: i64) -> bool {
        self.uploads.get(&key).is_some_and(UploadTask::abort)
    }

    /// The end of this upload was told.
    #[napi]
    pub fn ended(&mut self, key: i64) {
        self.uploads.remove(&key);
    }

    /// Ends every upload; later ones fail. Does not wait.
    #[napi]
    pub fn shutdown(&self) {
        self.engine.scheduler().do_send(Shutdown);
    }
}

fn wrong(why: Wrong) -> Error {
    Error::new(Status::InvalidArg, within("settings", &why))
}
