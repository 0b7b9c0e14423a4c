//! The document in which a function reports an error.

use serde::Deserialize;

/// An error that a function reports. Functions may leave out any field.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ErrorReport {
    error_type: Option<String>,
    error_message: Option<String>,
}

impl ErrorReport {
    /// Reads a document that may be such a report, or something else.
    pub(super) fn parse(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The text of the report. `None` if it has neither a type nor a message.
    pub(super) fn text(self) -> Option<String> {
        match (self.error_type, self.error_message) {
            (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
            (Some(text), None) | (None, Some(text)) => Some(text),
            (None, None) => None,
        }
    }

    /// Whether it has both a type and a message, as every runtime writes them.
    pub(super) fn is_complete(&self) -> bool {
        self.error_type.is_some() && self.error_message.is_some()
    }
}

/// The text of a report, or else the document itself.
pub(super) fn error_text(body: &[u8]) -> String {
    let text = ErrorReport::parse(body).text();
    text.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned())
}
