//! Tells Lambda that the program cannot start.

use lambda_runtime::Diagnostic;
use lambda_runtime_api_client::PooledClient;
use lambda_runtime_api_client::body::Body;
use s3_dispatch_core::Error;

use crate::telemetry::errors::{error_type, with_causes};

/// Logs the error and reports it to Lambda, which shows it as the reason why the function failed.
///
/// "Using the Lambda runtime API for custom runtimes", AWS Lambda Developer Guide, 2026, section
/// "Initialization error".
pub(super) async fn report(error: &Error) {
    tracing::error!(error = with_causes(error), "the program cannot start");

    if let Err(problem) = send(error).await {
        // Lambda notices anyway that the process ends.
        tracing::error!(
            error = with_causes(&*problem),
            "the error could not be reported to Lambda"
        );
    }
}

async fn send(error: &Error) -> Result<(), lambda_runtime::Error> {
    let body = serde_json::to_vec(&Diagnostic {
        error_type: error_type(error),
        error_message: with_causes(error),
    })?;
    let request = lambda_runtime_api_client::build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("Content-Type", "application/json")
        .header("Lambda-Runtime-Function-Error-Type", "Function.NotPrepared")
        .body(Body::from(body))?;

    PooledClient::builder().build().call(request).await?;

    Ok(())
}
