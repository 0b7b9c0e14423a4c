//! Keeps a thumbnail of each photo in a bucket.

use s3_dispatch::{Exclusive, MemoryStore, Routes};
use thumbnailer::{App, make_thumbnail, remove_thumbnail};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    let routes = Routes::prepared_by(App::from_env)
        .on::<make_thumbnail>()
        .on::<remove_thumbnail>();

    // Otherwise a thumbnail may be written after the removal of its photo was handled.
    s3_dispatch::start(Exclusive::new(routes, MemoryStore::new())).await
}
