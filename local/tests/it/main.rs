//! Tests of the library and the program through their public interfaces.

#![allow(missing_docs, clippy::unwrap_used)]

mod cli;
mod config;
mod console;
mod crashes;
mod deaths;
mod eventbridge;
mod failures;
mod faults;
mod left_out_queues;
mod local_objects;
mod local_queue;
mod mapping;
mod objects;
mod of_router;
mod paused_clock;
mod persistence;
mod pipeline;
mod batch_jobs;
mod process;
mod programs;
mod project;
mod reconfiguring;
mod recursion;
mod remote;
mod queue;
mod queue_model;
mod s3;
mod sqs;
mod topic;
mod ui;
mod web_access;
mod workers;
