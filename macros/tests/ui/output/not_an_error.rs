use s3_dispatch::{s3_handler};

struct NotAnError;

#[s3_handler("ObjectCreated:Put")]
async fn index() -> Result<(), NotAnError> {
    Ok(())
}

fn main() {}
