use s3_dispatch::{HandlerError, Key, s3_handler};

#[s3_handler("ObjectCreated:Put", suffix = ".jpg")]
async fn index(_: Key<(u32, String)>, _: u32) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
