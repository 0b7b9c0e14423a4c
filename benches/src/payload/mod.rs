//! The payloads: the same objects, written in different ways.
//!
//! Real senders differ in the order and the spelling of JSON, so each contender is measured with
//! several shapes. The measurements and the tests take their payloads from here.

mod json;
mod rewrite;
pub(crate) mod objects;
pub(crate) mod shape;
