use std::rc::Rc;

use s3_dispatch::{Context, FromRecordAsync, HandlerError, s3_handler};

struct Tenant;

impl<'r, S: Sync> FromRecordAsync<'r, S> for Tenant {
    async fn from_record(_context: Context<'r, S>) -> Result<Self, HandlerError> {
        let shared = Rc::new(1);
        std::future::ready(()).await;
        println!("{shared}");
        Ok(Tenant)
    }
}

#[s3_handler("ObjectCreated:Put")]
async fn index(_tenant: Tenant) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
