use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Putt", "ObjectRemoved:Delet")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
