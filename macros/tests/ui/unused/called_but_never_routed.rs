#![deny(dead_code)]

use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", state = String)]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    drop(index());
}
