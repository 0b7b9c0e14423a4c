//! A program with a handler that does nothing, for every object that is created.

use std::convert::Infallible;

use s3_dispatch::{ObjectKey, Routes, s3_handler};

#[s3_handler("ObjectCreated:*")]
async fn nothing(key: ObjectKey) -> Result<(), Infallible> {
    std::hint::black_box(key);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    Ok(s3_dispatch::start(Routes::new(()).on::<nothing>()).await?)
}
