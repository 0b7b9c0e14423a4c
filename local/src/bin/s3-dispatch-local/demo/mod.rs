//! The demo: a few objects on their way through the pipeline of the examples.
//!
//! It shows a newcomer in one command what a pipeline does. [`scenario`] puts, copies and deletes
//! the objects, and [`table`] shows what should happen to each of them and what happened.

mod scenario;
mod table;

pub(crate) use self::scenario::{adapt, run};
pub(crate) use self::table::Table;
