use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index<const LIMIT: usize>() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
