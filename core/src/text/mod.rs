//! Texts as slices of the payload, and the byte searches that find where they end.
//!
//! Every text of a record shares the payload's memory. The reader cuts texts out, and the newtypes
//! of records and messages hold them.

pub(crate) mod escape;
mod newtype;
mod raw_json;
pub(crate) mod search;
mod slice;

pub(crate) use newtype::{text_newtypes, text_traits, text_views};
pub(crate) use raw_json::RawJson;
pub(crate) use slice::{FromText, Text};
