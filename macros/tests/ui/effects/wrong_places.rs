use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler(
    "ObjectCreated:*",
    prefix = "a/",
    writes = ["b/", "b/c/", "b/", "", "s3:///x", "s3://b", "s3://b-2/", "s3://b/c"],
    deletes = ["c/d/", "c/"],
)]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
