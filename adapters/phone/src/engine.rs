//! The engine as the host holds it.

use std::sync::Arc;

use quintet::Engine;
use quintet_tcp::TcpConnect;
use quintet_tls::TlsConnect;

use crate::event::{Forward, UploadListener};
use crate::request::UploadRequest;
use crate::settings::EngineSettings;
use crate::task::UploadTask;
use crate::tls;

/// Uploads files, five at a time unless told otherwise, on a thread of its own. One for an app is enough. It ends when it
/// and every task of it have been closed or collected, or at once by `shutdown`.
#[derive(Debug, uniffi::Object)]
pub struct UploadEngine {
    engine: Engine,
}

/// Why there is no engine.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum EngineError {
    /// A setting is wrong.
    #[error("{setting}: {why}")]
    Setting {
        /// Its name.
        setting: String,
        /// What is wrong with it.
        why: String,
    },
    /// The system gives no thread, or no event queue.
    #[error("the engine's thread: {why}")]
    System {
        /// What the system said.
        why: String,
    },
}

impl EngineError {
    fn setting(setting: &str, why: impl ToString) -> Self {
        Self::Setting {
            setting: setting.into(),
            why: why.to_string(),
        }
    }
}

#[uniffi::export]
impl UploadEngine {
    /// Starts an engine.
    #[uniffi::constructor]
    pub fn new(settings: EngineSettings) -> Result<Self, EngineError> {
        let policy = settings.policy();
        let policy = policy.map_err(|error| EngineError::setting("domains", error))?;
        let (core, files) = (settings.engine(), settings.files());
        let connect = tls::settings(settings.tls)
            .and_then(|tls| TlsConnect::new(TcpConnect::new(), tls))
            .map_err(|error| EngineError::setting("tls", error))?;
        let engine = Engine::builder(connect)
            .settings(core)
            .files(files)
            .policy(policy)
            .start();
        let engine = engine.map_err(|error| EngineError::System {
            why: error.to_string(),
        })?;
        Ok(Self { engine })
    }

    /// Asks for an upload and returns at once, on any thread. What is wrong with the call is its outcome, like every other
    /// failure. The listener hears everything from the first event on.
    #[uniffi::method(default(listener = None))]
    pub fn upload(
        &self,
        request: UploadRequest,
        listener: Option<Arc<dyn UploadListener>>,
    ) -> Arc<UploadTask> {
        let mut request = request.into_engine();
        if let Some(listener) = listener {
            request = request.listener(Arc::new(Forward::to(listener)));
        }
        Arc::new(UploadTask::begin(&self.engine, request))
    }

    /// Changes how many uploads may be active at once. Fewer stop nobody: the running ones end first.
    pub fn set_active_max(&self, active_max: u32) {
        let active_max = usize::try_from(active_max).unwrap_or(usize::MAX);
        self.engine.set_active_max(active_max);
    }

    /// Changes the most bytes of bodies that all uploads together send in a second; 0 for no bound.
    pub fn set_rate_max(&self, bytes_per_second: u64) {
        self.engine.set_rate_max(bytes_per_second);
    }

    /// Admits nobody until `resume`; what becomes of the active uploads is the setting `suspend_active`. For an app that
    /// goes to the background.
    pub fn suspend(&self) {
        // It is done although nobody waits for the answer; so it is with those below.
        drop(self.engine.suspend());
    }

    /// Ends a `suspend`. What its caller has paused stays so.
    pub fn resume(&self) {
        drop(self.engine.resume());
    }

    /// Opens or closes admission. While it is closed, calls are taken and wait; who is active goes on. For an app that
    /// waits for a network it may use.
    pub fn set_gate(&self, open: bool) {
        self.engine.set_gate(open);
    }

    /// Aborts every upload that was asked for so far.
    pub fn abort_all(&self) {
        drop(self.engine.abort_all());
    }

    /// Aborts the uploads that have this tag.
    pub fn abort_tagged(&self, tag: String) {
        drop(self.engine.abort_tagged(tag));
    }

    /// Ends every upload, then the engine, and waits for that: two seconds at most. Tells whether it has ended; inside a
    /// listener it only begins, and tells false.
    pub fn shutdown(&self) -> bool {
        self.engine.shutdown()
    }
}
