use s3_dispatch::{HandlerError, ObjectRestored, s3_handler};

#[s3_handler("ObjectRestore:*")]
async fn index(restored: ObjectRestored) -> Result<(), HandlerError> {
    println!("{}", restored.size);
    Ok(())
}

fn main() {}
