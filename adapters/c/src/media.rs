//! The media types of file parts: those of extensions.

use quintet::{Engine, EngineBuilder};
use quintet_transport::Connect;

pub(crate) fn builder(transport: Box<dyn Connect>) -> EngineBuilder {
    Engine::builder(transport)
}
