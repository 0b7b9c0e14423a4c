use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index(key: impl AsRef<str>) -> Result<(), HandlerError> {
    println!("{}", key.as_ref());
    Ok(())
}

fn main() {}
