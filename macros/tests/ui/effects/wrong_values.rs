use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:*", reads = "photos/", writes, deletes = 7, skip_own_writes = true)]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
