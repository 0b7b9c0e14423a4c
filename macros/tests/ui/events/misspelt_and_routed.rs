use s3_dispatch::{HandlerError, Routes, s3_handler};

#[s3_handler("ObjectCreated:Putt")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(()).on::<index>();
}
