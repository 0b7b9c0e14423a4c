//! Lets an event happen again, or sends its dead letters back.

use std::sync::Arc;

use http::StatusCode;
use s3_dispatch_local::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::app::App;

/// What should happen again.
///
/// ```json
/// {"id": "e1", "what": "event"}
/// ```
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayRequest {
    /// The id of a history.
    id: String,
    what: ReplayedPart,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ReplayedPart {
    /// S3 publishes the event once more, as it may do at any time.
    Event,
    /// The dead letters go back to the queues that they came from.
    DeadLetters,
}

/// Returns what the page says about it, or why it is not possible:
///
/// ```json
/// {"event": "e2"}
/// {"dead_letters": 1}
/// ```
pub(super) async fn replay(
    app: &App,
    request: &ReplayRequest,
) -> Result<Value, (StatusCode, String)> {
    let Some(replay) = app.monitor.replay(&request.id) else {
        let reason = String::from("the page no longer remembers this message");
        return Err((StatusCode::NOT_FOUND, reason));
    };

    match request.what {
        ReplayedPart::Event => {
            let Some(event) = replay.event else {
                let reason = String::from("this message belongs to no event");
                return Err((StatusCode::CONFLICT, reason));
            };

            let published = app.pipeline.publish(Arc::unwrap_or_clone(event)).await;
            let id = published.map_err(refused)?;
            Ok(json!({"event": format!("e{}", id.0)}))
        }
        ReplayedPart::DeadLetters => {
            let letters = &replay.dead_letters;
            if letters.is_empty() {
                let reason = String::from("this message has no dead letters");
                return Err((StatusCode::CONFLICT, reason));
            }

            for letter in letters {
                let sent = app.pipeline.redrive(&letter.queue, &letter.message_id);
                sent.map_err(refused)?;
            }
            Ok(json!({"dead_letters": letters.len()}))
        }
    }
}

fn refused(error: Error) -> (StatusCode, String) {
    (StatusCode::CONFLICT, error.to_string())
}
