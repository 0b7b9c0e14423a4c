use s3_dispatch::{HandlerError, State, s3_handler};

#[derive(Clone)]
struct Index;

#[s3_handler("ObjectCreated:Put", state = App)]
async fn index(State(_index): State<Index>) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
