//! Handles the uploads of a bucket.

mod handler;

use handler::{App, log_upload};
use s3_dispatch::Routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let routes = Routes::new(App::from_env()?).on::<log_upload>();
    Ok(s3_dispatch::start(routes).await?)
}
