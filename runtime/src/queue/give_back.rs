//! Gives messages back to their queue before Lambda's answer does.

use std::time::{Duration, Instant};

use s3_dispatch_core::MessageContext;

use crate::guarded::Guarded;
use crate::queue::access::Queue;
use crate::telemetry::errors::with_causes;

/// The longest time that giving back may take. The answer to Lambda matters more.
const MAX_DURATION: Duration = Duration::from_secs(5);

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

    let now = tokio::time::Instant::now();
    let half = deadline.map(|deadline| deadline.saturating_duration_since(now.into_std()) / 2);
    let limit = half.map_or(MAX_DURATION, |half| half.min(MAX_DURATION));
    let given_back = Guarded::new(|| queue.change_visibility(&handles));

    let problem = match tokio::time::timeout(limit, given_back).await {
        Ok(Ok(results)) => match results.iter().find_map(|result| result.as_ref().err()) {
            Some(error) => with_causes(error),
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
