//! The whole pipeline: it moves events from the buckets to the functions.
//!
//! The other rooms know their own rules; here they are connected, with faults in between and the
//! state on disk. Tests and the program use [`LocalPipeline`].

mod arrivals;
mod builder;
pub(crate) mod engine;
pub(crate) mod injection;
mod local;
mod log;
mod publishing;
mod receiving;
mod state;
mod transit;

pub use self::builder::LocalPipelineBuilder;
pub use self::local::LocalPipeline;
