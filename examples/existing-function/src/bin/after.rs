//! The program after the last step: its routes, and nothing else.

use existing_function::{add_to_index, open};
use s3_dispatch::Routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::prepared_by(open).on::<add_to_index>();
    s3_dispatch::start(routes).await
}
