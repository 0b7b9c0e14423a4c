use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("*", bucket = "alpha", writes = ["x/", "s3://alpha/y/"], deletes = "s3://alpha")]
async fn tidy() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
