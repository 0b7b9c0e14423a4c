use s3_dispatch::event_data::Removal;
use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("ObjectRemoved:*", "ObjectCreated:Put")]
async fn follow(removal: Removal) -> Result<(), HandlerError> {
    println!("{removal:?}");
    Ok(())
}

fn main() {}
