use s3_dispatch::{HandlerError, Routes, State, s3_handler};

#[derive(Clone)]
struct App;

#[s3_handler("ObjectCreated:Put", state = App)]
async fn index(State(_app): State<App>) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(String::new()).on::<index>();
}
