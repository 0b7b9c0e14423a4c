//! The function with s3-dispatch in Lambda, without a subscriber. With the argument `logs` it keeps
//! the subscriber that `run` sets, which writes a line for each invocation.

use tracing::subscriber::{NoSubscriber, set_global_default};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    if !std::env::args().any(|argument| argument == "logs") {
        set_global_default(NoSubscriber::new()).expect("no subscriber is set yet");
    }
    s3_dispatch::run(ours_function::two_routes()).await
}
