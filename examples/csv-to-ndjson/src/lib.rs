//! The parts of the program, for its tests.

mod client;
mod error;
mod record;
mod converter;
mod handler;

pub use client::{client, objects};
pub use converter::Converter;
pub use error::{ConvertError, Mistake};
pub use handler::convert_csv;
