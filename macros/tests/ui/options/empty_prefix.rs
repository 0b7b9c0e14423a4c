use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", prefix = "")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
