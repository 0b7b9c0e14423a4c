use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put", key = "{*rest}/{a-b}/{}/{7}")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
