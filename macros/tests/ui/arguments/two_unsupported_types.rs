use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index(key: String, size: u64) -> Result<(), HandlerError> {
    println!("{key} {size}");
    Ok(())
}

fn main() {}
