use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("*", prefix = ["tenants/7", "users/"], key = "tenants/{tenant}/{file*}")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
