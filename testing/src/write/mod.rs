//! The JSON that AWS sends, field by field in the order in which AWS writes it.
//!
//! The names and shapes of AWS's JSON are here and nowhere else in this crate.
//! The builders call it.

pub(crate) mod json;
pub(crate) mod key_encoding;
pub(crate) mod record_json;
pub(crate) mod eventbridge_json;
