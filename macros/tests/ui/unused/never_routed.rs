#![deny(dead_code)]

use s3_dispatch::{HandlerError, Routes, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:Copy")]
async fn copy() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(()).on::<copy>();
}
