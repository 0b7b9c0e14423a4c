use s3_dispatch::{s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index() -> () {
    ()
}

fn main() {}
