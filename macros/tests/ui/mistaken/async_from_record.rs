use s3_dispatch::{Context, FromRecord, HandlerError};

struct Size(u64);

impl<'r, S> FromRecord<'r, S> for Size {
    async fn from_record(context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Size(context.record().object.size.unwrap_or_default()))
    }
}

fn main() {}
