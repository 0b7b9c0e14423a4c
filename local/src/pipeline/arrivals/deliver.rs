//! What happens when a message in transit arrives at a topic, at the event bus or at a queue.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::event_bus::arrive_at_event_bus;
use crate::faults::chance::Chance;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::PipelineState;
use crate::pipeline::transit::{InTransit, NextStop};
use crate::sqs::{Message, SendRefusal, Sent};

/// Delivers the messages in transit when they are due. Runs until it is dropped.
pub(in crate::pipeline) async fn deliver_in_transit(engine: Arc<Engine>) {
    let mut changes = engine.watch();

    loop {
        changes.mark_unchanged();
        let now = engine.clock.now();
        let next_arrival = engine.read(PipelineState::next_arrival);
        if next_arrival.is_some_and(|due| due <= now) {
            engine.change(|state| {
                // One at a time: what it causes may be due before the next one.
                if let Some(message) = state.take_arrived(now) {
                    arrive(&engine, state, now, message);
                }
            });
            continue;
        }

        tokio::select! {
            () = engine.clock.sleep_until_some(next_arrival) => {}
            // The sender lives as long as the engine.
            _ = changes.changed() => {}
        }
    }
}

fn arrive(engine: &Engine, state: &mut PipelineState, now: SystemTime, message: InTransit) {
    match &message.next_stop {
        NextStop::Topic(name) => {
            let step = StepKind::NotificationSent {
                destination: Arc::clone(name),
            };
            engine.journal.append(message.event, step);
            arrive_at_topic(engine, state, now, name, &message);
        }
        NextStop::EventBus(_) => arrive_at_event_bus(engine, state, now, &message),
        NextStop::Queue(name) => {
            let name = Arc::clone(name);
            arrive_at_queue(engine, state, now, &name, message);
        }
    }
}

/// Sends the message on to the queues whose subscriptions it passes.
fn arrive_at_topic(
    engine: &Engine,
    state: &mut PipelineState,
    now: SystemTime,
    name: &Arc<str>,
    message: &InTransit,
) {
    let Some(topic) = engine.topics.iter().find(|topic| topic.name == *name) else {
        return;
    };

    let message_id = Chance::new(engine.seed, &message.path).uuid();

    for subscription in topic.subscriptions() {
        let passed = subscription.passes(&message.body);
        let step = StepKind::FilterVerdict {
            topic: Arc::clone(&topic.name),
            queue: Arc::clone(&subscription.queue),
            passed,
        };
        engine.journal.append(message.event, step);

        if passed {
            let body = topic.message_body(subscription, &message.body, &message_id, now);
            let forwarded = message
                .forward(&subscription.queue, body)
                .with_dead_letter_queue(subscription.dead_letter_queue.as_ref());
            engine.send_off(state, now, forwarded);
        }
    }
}

fn arrive_at_queue(
    engine: &Engine,
    state: &mut PipelineState,
    now: SystemTime,
    name: &Arc<str>,
    message: InTransit,
) {
    let about = format!("message {}", message.path);
    let message_id: Arc<str> = Chance::new(engine.seed, &about).uuid().into();

    let mut queued = Message::new(Arc::clone(&message_id), Arc::clone(&message.body));
    queued.event = message.event;
    queued.trace_header.clone_from(&message.trace_header);

    let sent = match state.queues.get_mut(name) {
        Some(queue) => queue.send(now, queued),
        None => Err(SendRefusal::QueueDeleted),
    };

    match sent {
        Ok(sent) => {
            let step = StepKind::Enqueued {
                queue: Arc::clone(name),
                message_id,
                body: Arc::clone(&message.body),
                is_duplicate: sent != Sent::Accepted,
            };
            engine.journal.append(message.event, step);
        }
        Err(reason) => {
            let step = StepKind::Refused {
                queue: Arc::clone(name),
                reason,
            };
            engine.journal.append(message.event, step);

            if reason == SendRefusal::Full {
                retry_later(state, now, message);
            } else if let Some(letter) = message.into_dead_letter() {
                let queue = Arc::clone(letter.next_stop.name());
                arrive_at_queue(engine, state, now, &queue, letter);
            }
        }
    }
}

/// Sends a message again after a pause. SNS retries for 23 days ("Amazon SNS message delivery
/// retries", Amazon SNS Developer Guide, 2026).
fn retry_later(state: &mut PipelineState, now: SystemTime, message: InTransit) {
    let pause = Duration::from_secs(1 << message.refusals.min(4));
    let retried = InTransit {
        refusals: message.refusals + 1,
        ..message
    };

    state.add_in_transit(now + pause, retried);
}
