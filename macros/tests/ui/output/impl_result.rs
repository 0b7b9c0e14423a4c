use s3_dispatch::s3_handler;

#[s3_handler("ObjectCreated:Put")]
async fn index() -> Result<(), impl std::error::Error> {
    std::fs::write("last", "")
}

fn main() {}
