//! Tests of the library and the program through their public interfaces.

#![allow(missing_docs, clippy::unwrap_used)]

mod cli;
mod config;
mod deaths;
mod eventbridge;
mod faults;
mod mapping;
mod persistence;
mod pipeline;
mod process;
mod programs;
mod remote;
mod queue;
mod queue_model;
mod sqs;
mod topic;
mod ui;
mod web_access;
