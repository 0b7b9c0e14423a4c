use s3_dispatch::{HandlerError, Routes};

async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(()).on::<index>();
}
