//! What the JavaScript half calls: start an engine, begin an upload, abort one.

use std::collections::HashMap;
use std::sync::Arc;

use napi::bindgen_prelude::{Function, Uint8ArraySlice};
use napi::threadsafe_function::UnknownReturnValue;
use napi::{Error, Result, Status};
use napi_derive::napi;
use quintet::{Engine, Shutdown, UploadSource, UploadTask};
use quintet_options::{Call, DEPTH_MAX, Include, names, read, read_with};

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
    uploads: HashMap<i64, (UploadTask, Arc<News>)>,
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
            .build_threadsafe_function::<Arc<News>>()
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

    /// Begins an upload with the options that were written down, and the file itself if it was given; or one that fails,
    /// where the JavaScript half has found a mistake or the caller has aborted before. Returns its trace, and the headers
    /// that were ignored.
    #[napi]
    #[allow(
        clippy::too_many_arguments,
        reason = "JavaScript would have to make an object"
    )]
    pub fn upload(
        &mut self,
        key: i64,
        letters: String,
        texts: Vec<String>,
        numbers: Vec<f64>,
        data: Option<Uint8ArraySlice<'_>>,
        mistake: Option<(String, String)>,
        aborted: bool,
    ) -> Vec<String> {
        let options = || Tape::new(letters, texts, numbers).read();
        let call = match (mistake, data) {
            (Some((name, why)), _) => Err(quintet::Error::parameter(&name, why)),
            (None, None) => read(&options(), self.include),
            (None, Some(data)) => {
                let copied = UploadSource::bytes(data.to_vec());
                read_with(&options(), self.include, copied)
            }
        };
        let call = match call {
            Ok(_) if aborted => Call::refused(quintet::Error::aborted()),
            read => read.unwrap_or_else(Call::refused),
        };
        let news = News::new(key, call.include);
        let teller = Teller::new(news.clone(), self.queue.clone());
        let task = self.engine.upload(call.request.listener(Arc::new(teller)));
        let mut told = vec![task.trace().to_string()];
        told.extend_from_slice(task.ignored_headers());
        self.uploads.insert(key, (task, news));
        told
    }

    /// Whether the abort took effect.
    #[napi]
    pub fn abort(&self, key: i64) -> bool {
        self.uploads.get(&key).is_some_and(|(task, _)| task.abort())
    }

    /// Somebody listens for its progress or its headers.
    #[napi]
    pub fn hear(&self, key: i64) {
        if let Some((_, news)) = self.uploads.get(&key) {
            news.hear(&self.queue);
        }
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
