//! The function of s3-dispatch in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    s3_dispatch::run(ours_function::two_routes()).await
}
