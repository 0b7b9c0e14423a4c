use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index(size: u64) -> Result<(), HandlerError> {
    println!("{size}");
    Ok(())
}

fn main() {}
