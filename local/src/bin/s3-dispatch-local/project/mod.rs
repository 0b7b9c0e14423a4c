//! The program of a Cargo project: found, built, asked for its routes, and run as a function.
//!
//! [`metadata`] and [`choice`] find the program, [`build`] builds it, [`routes`] asks it what it
//! handles, and [`topology`] makes a pipeline of that. With `--watch`, [`watch`] does it again when
//! [`sources`] have changed.

mod failure;
mod metadata;
mod choice;
mod build;
mod routes;
mod topology;
mod copies;
mod sources;
#[expect(
    clippy::module_inception,
    reason = "a file is named after its main type"
)]
mod project;
mod status;
mod watch;

pub(crate) use self::project::Project;
pub(crate) use self::status::BuildStatus;
pub(crate) use self::watch::{Watched, first_build, watch};
