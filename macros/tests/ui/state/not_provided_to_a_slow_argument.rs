use s3_dispatch::{Context, FromRecordAsync, FromRef, HandlerError, Routes, s3_handler};

struct App;
struct Table;
struct Tenant;

impl<'r, S: Sync> FromRecordAsync<'r, S> for Tenant
where
    Table: FromRef<S>,
{
    async fn from_record(_context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Tenant)
    }
}

#[s3_handler("ObjectCreated:Put")]
async fn index(_tenant: Tenant) -> Result<(), HandlerError> {
    Ok(())
}

fn main() {
    let _ = Routes::new(App).on::<index>();
}
