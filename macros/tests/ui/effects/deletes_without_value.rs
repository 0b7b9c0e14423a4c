use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", deletes =)]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

#[s3_handler("ObjectCreated:Put", deletes("my-bucket", "thumbnails/"))]
async fn resize() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
