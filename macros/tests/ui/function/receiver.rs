use s3_dispatch::{HandlerError, s3_handler};

struct Index;

impl Index {
    #[s3_handler("ObjectCreated:Put")]
    async fn add(&self) -> Result<(), HandlerError> {
        Ok(())
    }
}

fn main() {}
