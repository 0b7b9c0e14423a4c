//! Functions, and the event source mappings that invoke them.
//!
//! A mapping receives messages from a queue and makes batches of them. An invoker invokes the
//! function and reads its answer. The function is a router in this process, a program that talks
//! to the Runtime API, or runs elsewhere. A worker is a program that receives from its queue
//! itself. The pipeline starts all of them.

mod answer;
mod batch;
mod error_report;
mod event;
mod function;
pub(crate) mod invoker;
pub(crate) mod mapping;
mod process;
pub(crate) mod recursion;
mod remote;

pub(crate) use self::function::require_real_clock;
pub use self::function::{
    Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind,
};
pub use self::process::Process;
pub(crate) use self::process::Worker;
pub use self::remote::Remote;
