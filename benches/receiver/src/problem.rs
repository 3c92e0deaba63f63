//! Why an upload is refused.

use axum::http::StatusCode;

/// The reason, and the status that says so.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn bad_request(text: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            text,
        }
    }

    pub(crate) fn storing(error: &std::io::Error) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            text: format!("storing: {error}"),
        }
    }

    pub(crate) fn json(&self) -> String {
        serde_json::json!({ "error": self.text }).to_string()
    }
}
