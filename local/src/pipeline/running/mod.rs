//! The running pipeline, as tests and the program use it: what goes in, what is in it, and what
//! happened.

mod batch_jobs;
mod local_objects;
mod local_pipeline;
mod local_queue;
mod local_queue_calls;
mod objects;
mod reconfiguring;

pub use self::local_objects::LocalObjects;
pub use self::local_pipeline::LocalPipeline;
pub use self::local_queue::LocalQueue;
