use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler(
    "ObjectCreated:Put",
    prefix = ["a/", "b/", "a/", "a/b/", ""],
    suffix = [".jpg", "x.JPG"],
    ignore_suffix_case,
)]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
