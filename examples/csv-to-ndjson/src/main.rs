//! Converts the CSV files of a bucket to compressed NDJSON.

use csv_to_ndjson::{convert_csv, objects};
use s3_dispatch::Routes;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::prepared_by(objects).on::<convert_csv>();
    s3_dispatch::start(routes).await
}
