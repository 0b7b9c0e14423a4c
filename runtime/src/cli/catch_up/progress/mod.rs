//! How far a long run is: how fast it may be, what is settled, and what people see of it.

mod window;
mod resume_file;
mod pace;
mod display;
mod speed;

pub(in crate::cli) use display::Display;
pub(in crate::cli) use pace::Pace;
pub(in crate::cli) use resume_file::{ResumeFile, Run};
pub(in crate::cli) use window::{Record, Window};
