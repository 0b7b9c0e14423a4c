//! The deployed pipeline: what there is, and what is connected to what.
//!
//! The readers fill it, and the checks ask it. Properties have the names of AWS's APIs, whichever
//! file they come from.

mod resource;
mod deployment;
mod path;
mod policy;
mod filter;

pub(crate) use deployment::Deployment;
pub(crate) use filter::{UNKNOWN_TEXT, lets_through, text_of};
pub(crate) use path::{Feed, Path, QueueOf, Source};
pub(crate) use policy::{Request, Target, allows};
pub(crate) use resource::{Kind, Resource};
