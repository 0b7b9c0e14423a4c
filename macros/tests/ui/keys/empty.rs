use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", key = "")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
