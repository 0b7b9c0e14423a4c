//! The terminal: a line for each step of a pipeline, and what the program has to say.
//!
//! [`step_line`] makes a step a line of text, for the page too. [`summary`] leaves lines out when
//! there are more than anyone can read, [`sent_records`] knows what dead letters are about, and
//! [`printer`] prints the others as fast as [`output`] takes them.

mod output;
mod sent_records;
mod step_line;
mod summary;
mod printer;

pub(crate) use self::output::write;
pub(crate) use self::printer::{Console, FAILED, GOOD, NAME, SilentConsole, WARNING, paint, say};
pub(crate) use self::step_line::{StepLine, Tone};
