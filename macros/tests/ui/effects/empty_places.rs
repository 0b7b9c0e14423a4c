use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:*", prefix = "a/", writes = [], deletes = "")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
