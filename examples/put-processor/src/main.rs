//! Handles the uploads of a bucket.

mod handler;

use handler::{App, log_upload};
use s3_dispatch::Routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::prepared_by(App::from_env).on::<log_upload>();
    s3_dispatch::start(routes).await
}
