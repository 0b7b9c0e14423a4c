//! Writes the checksum of each upload, in Lambda or as a worker.

use s3_dispatch::Routes;
use worker_service::{objects, write_checksum};

// A worker has a thread of its own for receives and deletions, which no handler can block.
#[tokio::main]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::prepared_by(objects).on::<write_checksum>();

    // In Lambda it serves invocations. In a container it is started as `worker-service work`.
    s3_dispatch::start(routes).await
}
