use s3_dispatch::{s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index() -> String {
    String::new()
}

fn main() {}
