//! Under which name scripts find the engine, and what its successes tell.

use quintet::Engine;
use quintet_options::Include;

/// Uploads active at once in WeChat, for the [`Settings`](quintet::Settings) of an engine that plays it.
pub const WX_ACTIVE_MAX: usize = 10;

/// A global object with `uploadFile`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Api {
    /// The global's name. An object that is there already gets the function added.
    pub name: String,
    /// Carries the uploads out; its settings, files and host policy hold.
    pub engine: Engine,
    /// What a success tells beyond the base.
    pub include: Include,
}

impl Api {
    /// `tt.uploadFile`, with nothing beyond the base.
    pub fn tt(engine: Engine) -> Self {
        Self {
            name: "tt".into(),
            engine,
            include: Include::default(),
        }
    }

    /// `wx.uploadFile`: a success has `header`, `cookies` and `profile` too. The engine's cap should be
    /// [`WX_ACTIVE_MAX`].
    pub fn wx(engine: Engine) -> Self {
        Self {
            name: "wx".into(),
            engine,
            include: Include::all(),
        }
    }
}
