use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler()]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
