//! Handles the uploads of a bucket.

mod handler;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    s3_dispatch::start(handler::routes()).await
}
