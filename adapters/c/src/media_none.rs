//! The media types of file parts: those that the host says, and no table.

use quintet::{Engine, EngineBuilder, NoMediaTypes};
use quintet_transport::Connect;

pub(crate) fn builder(transport: Box<dyn Connect>) -> EngineBuilder {
    Engine::builder_with_media_types(transport, NoMediaTypes)
}
