//! What the services share: AWS's forms of names, times, digests and sequencers, an HTTP server,
//! and what keeps web pages away from it.
//!
//! A function or an S3 client must not see a difference from AWS, and each of these forms is needed
//! in several places. The modules for S3, SNS, SQS and Lambda all use it.

pub(crate) mod arn;
pub(crate) mod digest;
pub(crate) mod http_server;
pub(crate) mod lineage;
pub(crate) mod listener;
pub(crate) mod sequencer;
pub(crate) mod time;
pub(crate) mod traces;
pub(crate) mod web_access;
