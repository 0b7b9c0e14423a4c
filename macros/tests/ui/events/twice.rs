use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", "ObjectCreated:Copy", "s3:ObjectCreated:Put")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
