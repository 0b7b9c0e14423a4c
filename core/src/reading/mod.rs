//! Reads payloads: bytes in, records or an error with a path out.
//!
//! A payload is read once, forwards, in place and without a tree. What the silent mode refuses is
//! read again in explaining mode, which says what is wrong and where.

mod json;
mod record;
mod mistake;
mod test_event;
mod body;
mod message;
mod batch;
mod job;
mod payload;
#[cfg(feature = "aws_lambda_events")]
mod aws_lambda_events;
