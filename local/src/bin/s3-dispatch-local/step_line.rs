//! What a person is told of a step.

use std::time::Duration;

use s3_dispatch_local::{Fate, Step, StepKind};

/// What is longer is cut: a batch may have ten thousand messages.
const MAX_TEXT_BYTES: usize = 4096;

/// What a person is told of a step. There is no control character in it.
#[derive(Debug, Clone)]
pub(crate) struct StepLine {
    /// What kind of step it is, in one word.
    pub(crate) what: &'static str,
    /// How it is meant.
    pub(crate) tone: Tone,
    /// All else.
    pub(crate) text: String,
}

/// How a step is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Name,
    Good,
    Failed,
    Warning,
    Faint,
}

impl StepLine {
    /// `None` for what only machines care about.
    pub(crate) fn of(step: &Step) -> Option<Self> {
        Some(match &step.kind {
            StepKind::ObjectEvent(event) => {
                let size = event
                    .size
                    .map_or_else(String::new, |size| format!(", {size} bytes"));
                line(
                    "object",
                    Tone::Good,
                    &format!(
                        "{} {:?} in {}{size}",
                        event.event_name, event.key, event.bucket
                    ),
                )
            }
            StepKind::TestNotification { bucket } => {
                line("test", Tone::Faint, &format!("s3:TestEvent of {bucket}"))
            }
            StepKind::NotificationSent { destination } => {
                line("notification", Tone::Name, &format!("to {destination}"))
            }
            StepKind::FilterVerdict {
                queue,
                passed: true,
                ..
            } => line("filter", Tone::Good, &format!("passes to {queue}")),
            StepKind::FilterVerdict { queue, .. } => {
                line("filter", Tone::Faint, &format!("not for {queue}"))
            }
            StepKind::Enqueued {
                queue,
                message_id,
                is_duplicate,
                ..
            } => {
                let note = if *is_duplicate {
                    ", a duplicate: dropped"
                } else {
                    ""
                };

                line(
                    "queue",
                    Tone::Name,
                    &format!("{queue} has message {}{note}", id(message_id)),
                )
            }
            StepKind::Refused { queue, reason } => {
                line("refused", Tone::Failed, &format!("by {queue}: {reason:?}"))
            }
            StepKind::Invoked {
                function,
                messages,
                request_id,
                ..
            } => {
                let events = messages.iter().map(|message| {
                    let event = message
                        .event
                        .map_or_else(|| id(&message.message_id), |event| format!("#{}", event.0));
                    match message.receive_count {
                        1 => event,
                        count => format!("{event} (receive {count})"),
                    }
                });

                let events = events.collect::<Vec<_>>().join(", ");

                line(
                    "invocation",
                    Tone::Name,
                    &format!("{function} {} gets {events}", id(request_id)),
                )
            }
            StepKind::FunctionLog {
                function,
                line: text,
                ..
            } => line(
                "log",
                Tone::Faint,
                &format!("{function}: {}", visible(text)),
            ),
            StepKind::Answered {
                function,
                request_id,
                duration,
                error,
            } => {
                let after = short(*duration);
                let call = id(request_id);

                match error {
                    None => line(
                        "answer",
                        Tone::Good,
                        &format!("{function} {call} after {after}"),
                    ),
                    Some((_, error)) => line(
                        "answer",
                        Tone::Failed,
                        &format!("{function} {call} after {after}: {}", visible(error)),
                    ),
                }
            }
            StepKind::Outcome {
                message_id, fate, ..
            } => match fate {
                Fate::Succeeded => line(
                    "outcome",
                    Tone::Good,
                    &format!("{} succeeded", id(message_id)),
                ),
                Fate::Failed => line(
                    "outcome",
                    Tone::Failed,
                    &format!("{} failed", id(message_id)),
                ),
                Fate::BatchFailed(reason) => line(
                    "outcome",
                    Tone::Failed,
                    &format!(
                        "{} failed with its batch: {}",
                        id(message_id),
                        visible(reason)
                    ),
                ),
                _ => return None,
            },
            StepKind::Deleted { queue, message_id } => line(
                "deleted",
                Tone::Faint,
                &format!("{} from {queue}", id(message_id)),
            ),
            StepKind::Redriven {
                dead_letter_queue,
                message_id,
                receive_count,
                ..
            } => {
                let text = format!(
                    "{} to {dead_letter_queue}, received {receive_count} times",
                    id(message_id)
                );
                line("redriven", Tone::Failed, &text)
            }
            StepKind::Expired { queue, message_id } => line(
                "expired",
                Tone::Failed,
                &format!("{} in {queue}", id(message_id)),
            ),
            StepKind::FaultInjected {
                hop, fault, place, ..
            } => line(
                "fault",
                Tone::Warning,
                &format!("{fault} at {hop}, {place}"),
            ),
            StepKind::StorageFailed { reason } => line("storage", Tone::Failed, &visible(reason)),
            StepKind::FunctionStarted { function, process } => {
                let process =
                    process.map_or_else(String::new, |process| format!(" as process {process}"));
                line(
                    "function",
                    Tone::Name,
                    &format!("{function} started{process}"),
                )
            }
            StepKind::FunctionCrashed { function, reason } => line(
                "function",
                Tone::Failed,
                &format!("{function} has ended: {}", visible(reason)),
            ),
            StepKind::FunctionTimedOut { function, timeout } => line(
                "function",
                Tone::Failed,
                &format!("{function} took more than {timeout:?}, and was killed"),
            ),
            StepKind::FunctionRestarting { function, after } => line(
                "function",
                Tone::Warning,
                &format!("{function} starts again after {after:?}"),
            ),
            StepKind::FunctionStopped {
                function,
                reason: Some(reason),
            } => line(
                "function",
                Tone::Failed,
                &format!("{function} is {}", visible(reason)),
            ),
            StepKind::FunctionStopped { function, .. } => {
                line("function", Tone::Faint, &format!("{function} has stopped"))
            }
            _ => return None,
        })
    }
}

fn line(what: &'static str, tone: Tone, text: &str) -> StepLine {
    let text = match text.len() {
        0..=MAX_TEXT_BYTES => text.to_owned(),
        _ => format!("{}...", &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]),
    };
    StepLine { what, tone, text }
}

/// The beginning of an id, which tells it from others nearby.
fn id(id: &str) -> String {
    id.chars().take(8).collect()
}

/// A duration, as short as can be read.
pub(crate) fn short(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}

/// What a function writes cannot move the cursor, nor forge another line.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|char| {
            if char.is_control() && char != '\t' {
                char.escape_default().collect()
            } else {
                vec![char]
            }
        })
        .collect()
}
