//! Functions, and the event source mappings that invoke them.
//!
//! A mapping receives messages from a queue and makes batches of them. An invoker invokes the
//! function and reads its answer. The function is a router in this process, a program that talks
//! to the Runtime API, or runs elsewhere. The pipeline starts all of them.

mod answer;
mod batch;
mod child;
mod command;
mod environment;
mod error_report;
mod event;
mod function;
#[cfg(unix)]
mod guard;
pub(crate) mod invoker;
mod log_lines;
mod log_stream_name;
pub(crate) mod mapping;
mod process;
mod program_file;
mod remote;
mod runtime_api;

pub use self::function::{
    Function, FunctionError, FunctionErrorKind, InProcess, Invocation, Kill, KillKind,
};
pub use self::process::Process;
pub use self::remote::Remote;
