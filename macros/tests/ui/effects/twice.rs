use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:*", reads, reads, deletes, deletes = "thumbnails/")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
