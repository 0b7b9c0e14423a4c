use s3_dispatch::{HandlerError, S3EventRecord, s3_handler};

struct Index;

impl Index {
    #[s3_handler("ObjectCreated:Put")]
    async fn add(record: &S3EventRecord) -> Result<(), HandlerError> {
        println!("{:?}", record.object.key);
        Ok(())
    }
}

fn main() {}
