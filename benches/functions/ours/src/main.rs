//! The function of s3-dispatch in Lambda, without a subscriber; with the argument `logs` it keeps
//! the one that `run` sets, which writes a line for each invocation.

use tracing::subscriber::{NoSubscriber, set_global_default};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), s3_dispatch::Error> {
    if !std::env::args().any(|argument| argument == "logs") {
        set_global_default(NoSubscriber::new()).expect("nothing has set one before");
    }
    s3_dispatch::run(ours_function::two_routes()).await
}
