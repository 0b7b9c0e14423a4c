//! The trace header of the invocation that the current task works for.
//!
//! `lambda_runtime` puts it into the environment of the process, where the AWS SDK finds it, but
//! only where one invocation runs at a time.

use s3_dispatch_core::delivery::TraceHeader;

tokio::task_local! {
    static CURRENT: Option<TraceHeader>;
}

/// Runs an invocation with its trace header.
pub(super) async fn scope<F: Future>(header: Option<TraceHeader>, invocation: F) -> F::Output {
    CURRENT.scope(header, invocation).await
}

/// Returns the trace header of the invocation around the caller. There is none outside Lambda, and
/// in tasks that a handler has spawned.
#[cfg(feature = "trace-header")]
pub(super) fn current() -> Option<TraceHeader> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}
