use s3_dispatch::{HandlerError, ObjectCreated, s3_handler};

#[s3_handler("ObjectRemoved:Delete")]
async fn index(created: ObjectCreated, size: u64) -> Result<(), HandlerError> {
    println!("{} {size}", created.size);
    Ok(())
}

fn main() {}
