//! The program as it was: it talks to Lambda itself.

use existing_function::{function, open};
use lambda_runtime::{LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let index = open().await?;
    let index = &index;
    let serve = async |event: LambdaEvent<_>| function(&**index, event).await;

    lambda_runtime::run(service_fn(serve)).await
}
