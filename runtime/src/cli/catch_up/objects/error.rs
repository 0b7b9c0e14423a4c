//! Why a source ends before its end.

use std::error::Error as StdError;
use std::fmt;

/// What is wrong, and where: it names the file and the line, or where the listing can go on.
#[derive(Debug)]
pub(in crate::cli) struct OriginError {
    text: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl OriginError {
    pub(in crate::cli) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            source: None,
        }
    }

    pub(in crate::cli) fn with_source(
        self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for OriginError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}
