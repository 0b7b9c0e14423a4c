//! The bytes of an object: a body that is read to its end whatever breaks, as a stream, as lines,
//! and in a file.

pub(super) mod reading;
pub(super) mod reader;
mod download;
mod contents;
