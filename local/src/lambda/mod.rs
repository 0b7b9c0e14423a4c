//! Functions, and what invokes them.

pub(crate) mod mapping;
pub(crate) mod invoker;
pub(crate) mod answer;
pub(crate) mod event;
pub(crate) mod function;
pub(crate) mod process;
pub(crate) mod environment;
pub(crate) mod runtime_api;
