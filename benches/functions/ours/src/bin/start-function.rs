//! The function with s3-dispatch as programs have it: with `start`, which is a command line outside
//! Lambda, and with the clients of AWS that its features need.

use s3_dispatch::Dispatcher;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    #[cfg(not(feature = "objects"))]
    let router = ours_function::two_routes();
    #[cfg(feature = "objects")]
    let router = ours_function::sdk::routes_with_objects();

    #[cfg(feature = "dynamodb")]
    let router = ours_function::sdk::deduplicated(router).await;

    let dispatcher = Dispatcher::new(router);
    #[cfg(feature = "sqs")]
    let dispatcher = dispatcher.with_dead_letters(ours_function::sdk::dead_letters().await);

    s3_dispatch::start(dispatcher).await
}
