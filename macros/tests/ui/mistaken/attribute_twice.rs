use s3_dispatch::{HandlerError, Routes, s3_handler};

#[s3_handler("ObjectCreated:Put")]
#[s3_handler("ObjectCreated:Copy", prefix = "incoming/")]
async fn created() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(()).on::<created>();
}
