use s3_dispatch::{Context, EventPattern, FromRecordAsync, HandlerError, s3_handler};

struct Content(Vec<u8>);

impl<'r, S: Sync> FromRecordAsync<'r, S> for Content {
    const EVENTS: &'static [EventPattern] = &[EventPattern::from_static("ObjectCreated:*")];

    async fn from_record(_context: Context<'r, S>) -> Result<Self, HandlerError> {
        Ok(Self(Vec::new()))
    }
}

#[s3_handler("ObjectRemoved:Delete")]
async fn index(content: Content) -> Result<(), HandlerError> {
    println!("{}", content.0.len());
    Ok(())
}

fn main() {}
