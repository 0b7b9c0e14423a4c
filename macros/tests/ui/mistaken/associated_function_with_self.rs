use s3_dispatch::{HandlerError, State, s3_handler};

#[derive(Clone)]
struct Index;

impl Index {
    #[s3_handler("ObjectCreated:Put")]
    async fn add(_: State<Self>) -> Result<(), HandlerError> {
        Ok(())
    }
}

fn main() {}
