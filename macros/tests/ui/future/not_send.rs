use std::rc::Rc;

use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectCreated:Put")]
async fn index() -> Result<(), HandlerError> {
    let count = Rc::new(1);
    upload().await;
    println!("{count}");
    Ok(())
}

async fn upload() {}

fn main() {}
