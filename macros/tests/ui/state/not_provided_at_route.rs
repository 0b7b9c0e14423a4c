use s3_dispatch::{HandlerError, Routes, State, s3_handler};

#[derive(Clone)]
struct Index;
struct App;

#[s3_handler("ObjectCreated:Put")]
async fn index(State(_index): State<Index>) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(App).on::<index>();
}
