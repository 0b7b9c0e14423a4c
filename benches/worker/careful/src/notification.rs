//! The fields of a notification that the worker reads.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Notification<'n> {
    #[serde(rename = "Records", borrow)]
    pub(crate) records: Vec<Record<'n>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record<'n> {
    #[serde(borrow)]
    pub(crate) event_name: Cow<'n, str>,
    #[serde(borrow)]
    pub(crate) s3: Entity<'n>,
}

#[derive(Deserialize)]
pub(crate) struct Entity<'n> {
    #[serde(borrow)]
    pub(crate) object: Object<'n>,
}

#[derive(Deserialize)]
pub(crate) struct Object<'n> {
    #[serde(borrow)]
    key: Cow<'n, str>,
}

impl Object<'_> {
    /// Returns the key, which S3 sends form-encoded.
    pub(crate) fn key(&self) -> Result<String, std::str::Utf8Error> {
        let key = self.key.replace('+', " ");
        Ok(percent_decode_str(&key).decode_utf8()?.into_owned())
    }
}
