use s3_dispatch::{Context, FromRecordAsync, HandlerError, s3_handler};

struct App;
struct Tenant;

impl<'r> FromRecordAsync<'r, App> for Tenant {
    async fn from_record(_context: Context<'r, App>) -> Result<Self, HandlerError> {
        Ok(Tenant)
    }
}

#[s3_handler("ObjectCreated:Put")]
async fn index(_tenant: Tenant) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
