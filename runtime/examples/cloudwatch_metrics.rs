//! Sends metrics of handlers to CloudWatch in its embedded metric format.
//!
//! Each invocation prints one log line per set of labels, and CloudWatch turns the lines into
//! metrics. It needs no agent and makes no calls.
//!
//! ```text
//! cargo run -p s3-dispatch --example cloudwatch_metrics --features metrics -- \
//!     examples/events/put.json
//! ```
//!
//! With a file it dispatches the payload in it. Without one it serves Lambda's invocations.

use lambda_runtime::{LambdaEvent, service_fn};
use metrics_cloudwatch_embedded::{Builder, Collector};
use s3_dispatch::{Dispatcher, ObjectKey, Payload, Routes, s3_handler};

#[s3_handler("ObjectCreated:*")]
async fn greet(key: ObjectKey) -> Result<(), std::io::Error> {
    println!("hello {key:?}");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // The dispatcher does not know where metrics go. Any recorder of the crate `metrics` works.
    let collector = Builder::new().cloudwatch_namespace("S3Dispatch").init()?;
    let dispatcher = Dispatcher::new(Routes::new(()).on::<greet>());

    if let Some(file) = std::env::args().nth(1) {
        let report = dispatcher.dispatch(std::fs::read(file)?, None).await;
        flush(collector);
        println!("{}", serde_json::to_string(&report?.response())?);
        return Ok(());
    }

    let function = service_fn(async |event: LambdaEvent<Payload>| {
        let report = dispatcher.dispatch_event(event).await;
        // Lambda stops the process between invocations, so metrics must be written now.
        flush(collector);

        report
            .map(|report| report.response())
            .map_err(lambda_runtime::Error::from)
    });

    lambda_runtime::run(function).await
}

fn flush(collector: &Collector) {
    if let Err(error) = collector.flush(std::io::stdout()) {
        eprintln!("the metrics cannot be written: {error}");
    }
}
