//! Describes a step in one line of text, for the console and the page.

use std::time::Duration;

use s3_dispatch_local::{
    BucketSpec, Destination, Fate, ObjectEvent, ReceivedMessage, SendRefusal, Step, StepKind,
};

/// Longer texts are cut off: a batch may have ten thousand messages.
const MAX_TEXT_BYTES: usize = 4096;

/// How the reason of a process ends that says it succeeded: `exit status: 0`, or `exit code: 0`.
const SUCCESS: &str = ": 0";

/// A step as a line of text, without control characters.
#[derive(Debug, Clone)]
pub(crate) struct StepLine {
    /// The kind of step, in one word.
    pub(crate) what: &'static str,
    /// Whether it is good or bad news.
    pub(crate) tone: Tone,
    /// The rest of the line.
    pub(crate) text: String,
}

/// Whether a step is good or bad news. Each tone has a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Name,
    Good,
    Failed,
    Warning,
    Faint,
}

impl StepLine {
    /// Returns `None` for a step that is not shown.
    pub(crate) fn of(step: &Step) -> Option<Self> {
        let line = message_line(&step.kind)
            .or_else(|| fan_out_line(&step.kind))
            .or_else(|| client_line(&step.kind))
            .or_else(|| invocation_line(&step.kind))
            .or_else(|| outcome_line(&step.kind))
            .or_else(|| recursion_line(&step.kind))
            .or_else(|| function_line(&step.kind))
            .or_else(|| trouble_line(&step.kind))?;
        Some(line)
    }

    fn new(what: &'static str, tone: Tone, text: String) -> Self {
        let text = match text.len() {
            0..=MAX_TEXT_BYTES => text,
            _ => format!("{}...", &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]),
        };

        Self { what, tone, text }
    }
}

/// What a topic or the event bus gets, and which queues it is for.
fn fan_out_line(kind: &StepKind) -> Option<StepLine> {
    let (what, tone, text) = match kind {
        StepKind::NotificationSent { destination } => {
            ("notification", Tone::Name, format!("to {destination}"))
        }
        StepKind::FilterVerdict { queue, passed, .. } => match passed {
            true => ("filter", Tone::Good, format!("passes to {queue}")),
            false => ("filter", Tone::Faint, format!("not for {queue}")),
        },
        StepKind::FilterPolicyChanged(spec) => {
            let text = match spec.filter_policy {
                Some(_) => format!("{} has another filter policy", spec.queue),
                None => format!("{} gets everything", spec.queue),
            };
            ("configured", Tone::Name, text)
        }
        StepKind::EventSent { bus } => ("event", Tone::Name, format!("to the {bus}")),
        StepKind::RuleVerdict {
            rule,
            queue,
            matched,
        } => match matched {
            true => ("rule", Tone::Good, format!("{rule} matches, for {queue}")),
            false => ("rule", Tone::Faint, format!("{rule} does not match")),
        },
        _ => return None,
    };

    Some(StepLine::new(what, tone, text))
}

/// The object event, and what happens to its messages in queues.
fn message_line(kind: &StepKind) -> Option<StepLine> {
    let (what, tone, text) = match kind {
        StepKind::ObjectEvent(event) => ("object", Tone::Good, object_text(event)),
        StepKind::NotificationsConfigured(bucket) => {
            ("configured", Tone::Name, configuration_text(bucket))
        }
        StepKind::TestNotification { bucket } => {
            ("test", Tone::Faint, format!("s3:TestEvent for {bucket}"))
        }
        StepKind::NoDestination { destination } => {
            let text = format!("{destination} does not exist, the notification is lost");
            ("refused", Tone::Failed, text)
        }
        StepKind::Enqueued {
            queue,
            message_id,
            is_duplicate,
            ..
        } => {
            let id = short_id(message_id);
            let text = match is_duplicate {
                true => format!("{queue} drops message {id}, a duplicate"),
                false => format!("{queue} has message {id}"),
            };

            ("queue", Tone::Name, text)
        }
        StepKind::Refused { queue, reason } => {
            let text = format!("by {queue}: {}", refusal_text(*reason));
            ("refused", Tone::Failed, text)
        }
        StepKind::Deleted { queue, message_id } => {
            let text = format!("{} from {queue}", short_id(message_id));
            ("deleted", Tone::Faint, text)
        }
        StepKind::Redriven {
            dead_letter_queue,
            message_id,
            receive_count,
            ..
        } => {
            let id = short_id(message_id);
            let receives = counted(u64::from(*receive_count), "receive");
            let text = format!("{id} to {dead_letter_queue} after {receives}");
            ("redriven", Tone::Failed, text)
        }
        StepKind::Expired { queue, message_id } => {
            let text = format!("{} in {queue}", short_id(message_id));
            ("expired", Tone::Failed, text)
        }
        _ => return None,
    };

    Some(StepLine::new(what, tone, text))
}

/// What SQS clients do with a message.
fn client_line(kind: &StepKind) -> Option<StepLine> {
    let (what, tone, text) = match kind {
        StepKind::Received {
            queue,
            message_id,
            receive_count,
        } => {
            let id = short_id(message_id);
            let text = match receive_count {
                1 => format!("{id} from {queue} by a client"),
                count => format!("{id} from {queue} by a client (receive {count})"),
            };

            ("received", Tone::Name, text)
        }
        StepKind::VisibilityChanged {
            queue,
            message_id,
            timeout,
        } => {
            let id = short_id(message_id);
            let text = match timeout.as_secs() {
                0 => format!("{id} in {queue} is visible again"),
                seconds => format!("{id} in {queue} is invisible for {seconds} s"),
            };

            ("visibility", Tone::Faint, text)
        }
        _ => return None,
    };

    Some(StepLine::new(what, tone, text))
}

/// From the invocation to its answer.
fn invocation_line(kind: &StepKind) -> Option<StepLine> {
    let (what, tone, text) = match kind {
        StepKind::Invoked {
            function,
            messages,
            request_id,
            ..
        } => {
            let text = format!(
                "{function} {} gets {}",
                short_id(request_id),
                batch_text(messages)
            );
            ("invocation", Tone::Name, text)
        }
        StepKind::FunctionLog { function, line, .. } => {
            let text = format!("{function}: {}", escape_controls(line));
            ("log", Tone::Faint, text)
        }
        StepKind::Answered {
            function,
            request_id,
            duration,
            error,
        } => {
            let (id, duration) = (short_id(request_id), format_duration(*duration));
            let text = format!("{function} {id} after {duration}");

            match error {
                None => ("answer", Tone::Good, text),
                Some((_, error)) => {
                    let text = format!("{text}: {}", escape_controls(error));
                    ("answer", Tone::Failed, text)
                }
            }
        }
        _ => return None,
    };

    Some(StepLine::new(what, tone, text))
}

/// What an invocation means for a message.
fn outcome_line(kind: &StepKind) -> Option<StepLine> {
    let StepKind::Outcome {
        message_id,
        fate,
        invisible_for,
        dead_letter_queue,
        ..
    } = kind
    else {
        return None;
    };

    let id = short_id(message_id);
    let again = invisible_for.map(|after| follows(after, dead_letter_queue.as_deref()));
    let again = again.unwrap_or_default();

    let (tone, text) = match fate {
        Fate::Succeeded => (Tone::Good, format!("{id} succeeded")),
        Fate::Failed => (Tone::Failed, format!("{id} failed{again}")),
        Fate::BatchFailed(reason) => {
            let reason = escape_controls(reason);
            let text = format!("{id} failed with the whole batch{again}: {reason}");
            (Tone::Failed, text)
        }
        _ => return None,
    };

    Some(StepLine::new("outcome", tone, text))
}

/// When a failed message can be received again: `, comes back in 180 s`. After the last receive it
/// moves instead: `, moves to index-dead-letters in 180 s`.
fn follows(after: Duration, dead_letter_queue: Option<&str>) -> String {
    let what = match dead_letter_queue {
        Some(queue) => format!("moves to {queue}"),
        None => String::from("comes back"),
    };

    match after.as_secs_f64().ceil() {
        0.0 => format!(", {what} now"),
        seconds => format!(", {what} in {seconds} s"),
    }
}

/// A loop that was stopped, and what to do about it.
fn recursion_line(kind: &StepKind) -> Option<StepLine> {
    let StepKind::RecursionStopped {
        function,
        rounds,
        bucket,
        key,
        dead_letter_queue,
        ..
    } = kind
    else {
        return None;
    };

    let cause = match bucket.as_ref().zip(key.as_ref()) {
        Some((bucket, key)) => format!("{key:?} in {bucket}"),
        None => String::from("its own message"),
    };
    let end = match dead_letter_queue {
        Some(queue) => format!("the message is in {queue}"),
        None => String::from("the message is dropped"),
    };
    let text = format!(
        "{function} was invoked {rounds} times by what it writes, now {cause}: {end}; write under \
         a prefix that {function} does not take, and declare it (`writes = \"thumbnails/\"`)"
    );

    Some(StepLine::new("loop", Tone::Failed, text))
}

/// The life of a function's process.
fn function_line(kind: &StepKind) -> Option<StepLine> {
    let (tone, text) = match kind {
        StepKind::FunctionStarted { function, process } => {
            let process =
                process.map_or_else(String::new, |process| format!(" as process {process}"));
            (Tone::Name, format!("{function} started{process}"))
        }
        // A program that ends like this has done so by itself, as after SIGTERM.
        StepKind::FunctionCrashed { function, reason } if reason.ends_with(SUCCESS) => {
            let reason = escape_controls(reason);
            (Tone::Warning, format!("{function} ended: {reason}"))
        }
        StepKind::FunctionCrashed { function, reason } => {
            let reason = escape_controls(reason);
            (Tone::Failed, format!("{function} crashed: {reason}"))
        }
        StepKind::FunctionTimedOut { function, timeout } => {
            let text = format!("{function} timed out after {timeout:?} and was killed");
            (Tone::Failed, text)
        }
        StepKind::FunctionRestarting { function, after } => {
            (Tone::Warning, format!("{function} restarts in {after:?}"))
        }
        StepKind::ProgramChanged { function } => (
            Tone::Name,
            format!("{function} has changed, and is started again"),
        ),
        StepKind::FunctionStopped {
            function,
            reason: Some(reason),
        } => {
            let reason = escape_controls(reason);
            (Tone::Failed, format!("{function} stopped: {reason}"))
        }
        StepKind::FunctionStopped { function, .. } => (Tone::Faint, format!("{function} stopped")),
        _ => return None,
    };

    Some(StepLine::new("function", tone, text))
}

/// Injected faults and storage errors.
fn trouble_line(kind: &StepKind) -> Option<StepLine> {
    let (what, tone, text) = match kind {
        StepKind::FaultInjected {
            hop, fault, place, ..
        } => {
            let text = format!("{fault} at {hop}, {place}");
            ("fault", Tone::Warning, text)
        }
        StepKind::StorageFailed { reason } => ("storage", Tone::Failed, escape_controls(reason)),
        _ => return None,
    };

    Some(StepLine::new(what, tone, text))
}

/// What a bucket publishes: `photos: ObjectCreated:* to uploads, every event to EventBridge`.
fn configuration_text(bucket: &BucketSpec) -> String {
    let notifications = bucket.notifications.iter().map(|spec| {
        let events = spec.events.iter().map(ToString::to_string);
        let events = events.collect::<Vec<_>>().join(" and ");
        match &spec.destination {
            Destination::Topic(name) | Destination::Queue(name) => format!("{events} to {name}"),
            _ => events,
        }
    });
    let every = bucket.eventbridge;
    let every = every.then(|| String::from("every event to EventBridge"));
    let published: Vec<_> = notifications.chain(every).collect();

    let published = match published.is_empty() {
        true => String::from("publishes nothing"),
        false => published.join(", "),
    };
    format!("{}: {}", bucket.name, escape_controls(&published))
}

fn object_text(event: &ObjectEvent) -> String {
    let size = event
        .size
        .map_or_else(String::new, |size| format!(", {}", counted(size, "byte")));

    format!(
        "{} {:?} in {}{size}",
        event.event_name, event.key, event.bucket
    )
}

/// A number of things: `1 byte`, `2 bytes`.
fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

/// The messages of a batch: `#1, #2 (receive 3)`.
fn batch_text(messages: &[ReceivedMessage]) -> String {
    let messages = messages.iter().map(|message| {
        let name = message.event.map_or_else(
            || short_id(&message.message_id),
            |event| format!("#{}", event.0),
        );

        match message.receive_count {
            1 => name,
            count => format!("{name} (receive {count})"),
        }
    });

    messages.collect::<Vec<_>>().join(", ")
}

fn refusal_text(reason: SendRefusal) -> String {
    let text = match reason {
        SendRefusal::Full => "the queue is full",
        SendRefusal::TooLong => "the message is too long",
        SendRefusal::NoGroup => "the message has no message group id",
        SendRefusal::NoDeduplicationId => "the message has no deduplication id",
        SendRefusal::QueueDeleted => "the queue was deleted",
        other => return format!("{other:?}"),
    };

    text.to_owned()
}

/// The first characters of an id, enough to tell it from other recent ones.
fn short_id(id: &str) -> String {
    id.chars().take(8).collect()
}

/// A duration in milliseconds or seconds, whichever is shorter.
pub(super) fn format_duration(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1000.0),
        seconds => format!("{seconds:.2} s"),
    }
}

/// Escapes control characters, so that a function's output cannot move the cursor or forge a line.
fn escape_controls(text: &str) -> String {
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
