use s3_dispatch::{HandlerError, Key, s3_handler};

#[s3_handler("ObjectCreated:Put", suffix = ".jpg")]
async fn index(Key(name): Key<String>) -> Result<(), HandlerError> {
    drop(name);
    Ok(())
}

fn main() {}
