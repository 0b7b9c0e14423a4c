//! JSON, read in place: a scanner over bytes that builds no tree.
//!
//! Bodies are JSON inside JSON strings, so the scanner also reads documents whose quotes are
//! escaped. The reading of payloads is built on it and knows nothing else of JSON's syntax.

mod give_up;
mod source;
mod span;
mod scanner;
mod objects;
mod value;
mod skip;
mod path;
mod syntax;

pub(super) use give_up::{GiveUp, Scanned};
pub(super) use path::Path;
pub(super) use scanner::{Mode, Scanner};
pub(super) use source::Source;
pub(super) use span::{Span, Texts};
pub(super) use syntax::check;
pub(super) use value::Read;
