//! The program as a Lambda function.

use s3_dispatch_local::StepKind;
use worker_service::BYTES;

use crate::pipeline::{check_uploads, start, wait_for};

#[tokio::test]
async fn a_function_writes_checksums_and_metrics() {
    let (pipeline, _endpoint) = start(|_| {}).await;
    check_uploads(&pipeline).await;

    // A line of the log, of which CloudWatch makes a metric.
    wait_for(&pipeline, |step| match step {
        StepKind::FunctionLog { line, .. } => line.contains(BYTES) && line.contains("\"_aws\""),
        _ => false,
    })
    .await;
    pipeline.stop().await;
}
