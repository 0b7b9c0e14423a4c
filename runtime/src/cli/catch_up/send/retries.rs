//! Sends a few messages, and tries again what may pass.

use std::error::Error as _;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{sleep, timeout};

use super::outgoing::Outgoing;
use super::target::Target;
use crate::queue::QueueError;
use crate::telemetry::errors::with_causes;

/// How often a call is made before its messages have failed.
const ATTEMPTS: u32 = 8;

/// The first wait before a call is made again. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long a call may take. Its messages may have arrived without an answer.
const LONGEST_CALL: Duration = Duration::from_secs(30);

/// What became of messages that were sent.
pub(super) type Sent = Vec<(Outgoing, Result<(), QueueError>)>;

/// Sends a batch with one call, and again alone what of it failed and may pass.
pub(super) async fn send_batch<T: Target>(target: &T, batch: Vec<Outgoing>) -> Sent {
    let messages: Vec<&Outgoing> = batch.iter().collect();

    let results = match send_again(target, &messages).await {
        Ok(results) => {
            join_all(
                messages
                    .iter()
                    .zip(results)
                    .map(async |(message, result)| match result {
                        Err(error) if may_pass(&error) => alone(target, message, 1).await,
                        other => other,
                    }),
            )
            .await
        }
        // One of them may be to blame for all.
        Err(error) if error.is_refusal() && messages.len() > 1 => {
            join_all(messages.iter().map(|message| alone(target, message, 0))).await
        }
        Err(error) => same_for_all(error, messages.len()),
    };

    batch.into_iter().zip(results).collect()
}

/// Makes a call until it succeeds, is refused, or has failed too often.
async fn send_again<T: Target>(
    target: &T,
    messages: &[&Outgoing],
) -> Result<Vec<Result<(), QueueError>>, QueueError> {
    let mut attempt = 1;
    loop {
        let error = match call(target, messages).await {
            Err(error) if may_pass(&error) && attempt < ATTEMPTS => error,
            other => return other,
        };

        if attempt == 2 {
            let error = with_causes(&error);
            tracing::warn!(error, "messages cannot be sent: trying again");
        }
        pause(attempt).await;
        attempt += 1;
    }
}

/// Sends one message, after this many attempts that failed.
async fn alone<T: Target>(
    target: &T,
    message: &Outgoing,
    mut attempts: u32,
) -> Result<(), QueueError> {
    loop {
        if attempts > 0 {
            pause(attempts).await;
        }
        attempts += 1;

        let sent = call(target, &[message]).await;
        let result = sent.and_then(|mut results| {
            let missing = || Err(QueueError::failed("the queue gave no answer"));
            results.pop().unwrap_or_else(missing)
        });
        match result {
            Err(error) if may_pass(&error) && attempts < ATTEMPTS => {}
            other => return other,
        }
    }
}

async fn call<T: Target>(
    target: &T,
    messages: &[&Outgoing],
) -> Result<Vec<Result<(), QueueError>>, QueueError> {
    let mut results = timeout(LONGEST_CALL, target.send(messages))
        .await
        .unwrap_or_else(|_| Err(QueueError::failed("the queue did not answer in time")))?;

    let missing = || Err(QueueError::failed("the queue gave no answer"));
    results.resize_with(messages.len(), missing);
    Ok(results)
}

fn may_pass(error: &QueueError) -> bool {
    !error.is_refusal() && !error.is_unusable()
}

/// Waits between half of a time and all of it, so that calls do not come back together.
async fn pause(attempt: u32) {
    let doubled = FIRST_PAUSE * 2_u32.saturating_pow(attempt.min(10) - 1);
    let pause = doubled.min(LONGEST_PAUSE);

    sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
}

fn same_for_all(error: QueueError, messages: usize) -> Vec<Result<(), QueueError>> {
    let reason = error.source().map(with_causes).unwrap_or_default();
    let again = || match (error.is_unusable(), error.is_refusal()) {
        (true, _) => QueueError::unusable(reason.clone()),
        (_, true) => QueueError::refused(reason.clone()),
        _ => QueueError::failed(reason.clone()),
    };

    (0..messages).map(|_| Err(again())).collect()
}
