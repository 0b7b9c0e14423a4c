//! Gives messages back to their queue before Lambda's answer does.

use std::time::{Duration, Instant};

use s3_dispatch_core::MessageContext;

use crate::guarded::Guarded;
use crate::guarded::time_limit::time_limit;
use crate::queue::access::{Queue, first_problem};
use crate::telemetry::errors::with_causes;

/// Makes these messages visible to other receives at once, and logs it if that fails.
pub(crate) async fn give_back(
    queue: &dyn Queue,
    messages: &[&MessageContext],
    deadline: Option<Instant>,
) {
    let handles: Vec<_> = messages
        .iter()
        .filter_map(|message| Some((message.receipt_handle()?, Duration::ZERO)))
        .collect();
    if handles.is_empty() {
        return;
    }

    let limit = time_limit(deadline);
    let given_back = Guarded::new(|| queue.change_visibility(&handles));

    let problem = match tokio::time::timeout(limit, given_back).await {
        Ok(Ok(results)) => match first_problem(&results, handles.len()) {
            Some(problem) => problem,
            None => return,
        },
        Ok(Err(panicked)) => with_causes(&panicked),
        Err(_) => format!("it took longer than {limit:?}"),
    };

    tracing::warn!(
        error = problem,
        "messages that were not reached could not be given back: they return when the queue's \
         visibility timeout ends"
    );
}
