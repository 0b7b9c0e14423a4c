use s3_dispatch::{s3_handler};

#[s3_handler("ObjectCreated:Put", prefixx = "a/")]
fn index<T>(key: impl AsRef<str>) {
    drop(key);
}

fn main() {}
