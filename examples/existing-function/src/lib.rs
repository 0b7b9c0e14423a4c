//! The parts of both programs, for their tests.

mod index;
mod before;
mod handler;

pub use before::function;
pub use handler::add_to_index;
pub use index::{Index, OpenError, open};
