use s3_dispatch::{HandlerError, Routes, S3EventRecord, s3_handler};

#[s3_handler("ObjectCreated:Put", crate = renamed)]
async fn index(record: &S3EventRecord) -> Result<(), HandlerError> {
    println!("{:?}", record.object.key);
    Ok(())
}

fn main() {
    let _ = Routes::new(()).on::<index>();
}
