//! What the services share: AWS's forms of names, times, digests and sequencers, and an HTTP
//! server.
//!
//! A function or an S3 client must not see a difference to AWS, and each of these is needed in
//! several places. The rooms for S3, SNS, SQS and Lambda all use it.

pub(crate) mod arn;
pub(crate) mod digest;
pub(crate) mod http_server;
pub(crate) mod sequencer;
pub(crate) mod time;
