use s3_dispatch::{HandlerError, ObjectCreated, s3_handler};

#[s3_handler("ObjectRemoved:Delete")]
async fn index(created: ObjectCreated) -> Result<(), HandlerError> {
    println!("{}", created.size);
    Ok(())
}

fn main() {}
