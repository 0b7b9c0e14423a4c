//! The demos: a few objects on their way through a pipeline.
//!
//! They show a newcomer in one command what a pipeline does. [`scenario`] puts, copies and deletes
//! objects, with the functions of the examples. [`thumbnails`] uploads photos, with a function that
//! makes thumbnails and a worker. [`expected`] compares what should happen to each object with what
//! happened, and [`table`] shows it.

mod table;
mod expected;
mod scenario;
mod thumbnails;

pub(crate) use self::scenario::{adapt, run};
pub(crate) use self::table::Table;
pub(crate) use self::thumbnails::{
    adapt as adapt_thumbnails, build as build_thumbnails, run as run_thumbnails,
};
