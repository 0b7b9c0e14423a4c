//! The hand-written function in Lambda. The argument `logs` sets the runtime crate's subscriber, as
//! the crate's template does.

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    if std::env::args().any(|argument| argument == "logs") {
        tracing::init_default_subscriber();
    }
    run(service_fn(answer)).await
}

async fn answer(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    Ok(careful_function::handle_batch(event.payload)?)
}
