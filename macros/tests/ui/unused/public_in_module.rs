#![deny(dead_code)]

mod handler {
    use s3_dispatch::{HandlerError, S3EventRecord, s3_handler};

    #[s3_handler("ObjectCreated:Put", prefix = "incoming/")]
    pub async fn index(record: &S3EventRecord) -> Result<(), HandlerError> {
        println!("{:?}", record.object.key);
        Ok(())
    }
}

fn main() {}
