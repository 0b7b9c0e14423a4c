use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectRemoved:*", "ObjectCreated:*", prefix = "photos/", writes = "photos/small/")]
async fn resize() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
