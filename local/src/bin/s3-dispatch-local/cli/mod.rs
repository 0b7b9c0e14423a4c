//! The command line: its options, and how their values are parsed.
//!
//! The program parses it once, and hands each part to what it asks for.

mod arguments;
mod batch_arguments;
mod values;

pub(crate) use arguments::{Arguments, Command};
pub(crate) use batch_arguments::BatchArguments;
pub(crate) use values::{Demo, Implementation, Variable, WorkerChoice};
