//! How AWS writes names, times, digests and sequencers.
//!
//! A function or an S3 client must not see a difference from AWS, and each of these forms is needed
//! in several places. The modules for S3, SNS, SQS and Lambda all use it.

pub(crate) mod arn;
pub(crate) mod digest;
pub(crate) mod sequencer;
pub(crate) mod time;
