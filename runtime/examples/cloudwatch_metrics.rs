//! Sends metrics of handlers to CloudWatch in its embedded metric format.
//!
//! Each invocation prints one log line per set of labels, and CloudWatch turns the lines into
//! metrics. It needs no agent and makes no calls.
//!
//! ```text
//! cargo run -p s3-dispatch --example cloudwatch_metrics --features metrics -- \
//!     invoke examples/events/put.json
//! ```

use metrics_cloudwatch_embedded::Builder;
use s3_dispatch::{BatchReport, Dispatcher, Error, ObjectKey, Routes, s3_handler};

#[s3_handler("ObjectCreated:*")]
async fn greet(key: ObjectKey) -> Result<(), std::io::Error> {
    println!("hello {key:?}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // The dispatcher does not know where metrics go. Any recorder of the crate `metrics` works.
    let collector = Builder::new().cloudwatch_namespace("S3Dispatch").init()?;

    // Lambda stops the process between invocations, so metrics must be written after each one.
    let dispatcher = Dispatcher::new(Routes::new(()).on::<greet>()).after_invocation(
        async |_: &Result<BatchReport, Error>| collector.flush(std::io::stdout()),
    );

    Ok(s3_dispatch::start(dispatcher).await?)
}
