use s3_dispatch::{S3EventRecord, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index(record: &S3EventRecord) {
    println!("{:?}", record.object.key);
}

fn main() {}
