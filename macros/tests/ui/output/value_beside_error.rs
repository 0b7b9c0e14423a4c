use s3_dispatch::{s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index() -> Result<u32, std::io::Error> {
    Ok(42)
}

fn main() {}
