use s3_dispatch::{HandlerError, State, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index<T: Clone>(State(index): State<T>) -> Result<(), HandlerError> {
    drop(index.clone());
    Ok(())
}

fn main() {}
