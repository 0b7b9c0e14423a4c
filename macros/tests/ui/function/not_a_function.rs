use s3_dispatch::{s3_handler};

#[s3_handler("ObjectCreated:Put")]
struct Index;

fn main() {}
