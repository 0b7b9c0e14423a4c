//! What a file says for sure, and what it leaves open.
//!
//! A plan, a template or a description leaves things open: "known after apply", parameters, what
//! was not described. All that is `Unknown` here, and a finding needs an answer that is surely no.

mod answer;
mod text;
mod tree;
mod glob;

pub(crate) use answer::Answer;
pub(crate) use glob::matches_glob;
pub(crate) use text::{Part, Text};
pub(crate) use tree::{Setting, Tree};
