use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:*", "ObjectRemoved:DeleteMarkerCreated", key = "{file*}", deletes)]
async fn tidy() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
