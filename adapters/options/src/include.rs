//! What a success tells beyond what the base API says.

/// Extensions of the success object; none by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Include {
    /// `header`: the answer's headers.
    pub header: bool,
    /// `cookies`: the values of its `Set-Cookie`.
    pub cookies: bool,
    /// `profile`: when what was reached, under WeChat's names. The option `enableProfile` decides for one call.
    pub profile: bool,
}

impl Include {
    /// All of them, as WeChat has it.
    pub fn all() -> Self {
        Self {
            header: true,
            cookies: true,
            profile: true,
        }
    }
}
