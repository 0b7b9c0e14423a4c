use s3_dispatch::{HandlerError, State, s3_handler};

struct App;

#[s3_handler("ObjectCreated:Put", state = App)]
async fn index(State(_app): State<App>) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
