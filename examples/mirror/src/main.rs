//! Keeps an index of a bucket in SQLite.

use std::env;

use mirror::{App, Leases, follow};
use s3_dispatch::{Exclusive, Routes};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let file = env::var_os("INDEX_FILE").unwrap_or_else(|| "index.sqlite".into());
    let leases = Leases::new(&file);
    let routes = Routes::prepared_by(move || App::open(file.clone())).on::<follow>();

    // Two processes that look at the same key could write what they saw in the wrong order.
    s3_dispatch::start(Exclusive::new(routes, leases)).await
}
