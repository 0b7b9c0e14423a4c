use s3_dispatch::{HandlerError, s3_handler};

#[s3_handler("*", suffix = [".JPG", ".png"], ignore_suffix_case, key = "{{a}}/{b}.jpg")]
async fn index() -> Result<(), HandlerError> {
    Ok(())
}

fn main() {}
