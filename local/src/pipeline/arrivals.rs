//! What brings parcels to topics and queues.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::faults::Chance;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::State;
use crate::pipeline::transit::{Leg, Parcel};
use crate::{Message, SendRefusal, Sent, StepKind};

/// Carries until the pipeline is stopped.
pub(crate) async fn carry(engine: Arc<Engine>) {
    let mut version = engine.watch();
    loop {
        version.mark_unchanged();
        let now = engine.clock.now();

        if engine
            .read(State::next_parcel)
            .is_some_and(|due| due <= now)
        {
            engine.change(|state| {
                // One at a time: what comes of it may be due before the next.
                if let Some(parcel) = state.take_parcel(now) {
                    arrive(&engine, state, now, parcel);
                }
            });
            continue;
        }

        let due = engine.read(State::next_parcel);
        let arrival = async {
            match due {
                Some(due) => engine.clock.sleep_until(due).await,
                None => std::future::pending().await,
            }
        };

        tokio::select! {
            () = arrival => {}
            // The sender lives as long as the engine.
            _ = version.changed() => {}
        }
    }
}

fn arrive(engine: &Engine, state: &mut State, now: SystemTime, parcel: Parcel) {
    match &parcel.leg {
        Leg::Topic(name) => {
            engine.journal.append(
                parcel.event,
                StepKind::NotificationSent {
                    destination: Arc::clone(name),
                },
            );
            publish(engine, state, now, name, &parcel);
        }
        Leg::Queue(name) => {
            let name = Arc::clone(name);
            enqueue(engine, state, now, &name, parcel);
        }
    }
}

fn publish(engine: &Engine, state: &mut State, now: SystemTime, topic: &Arc<str>, parcel: &Parcel) {
    let Some(topic) = engine.topics.iter().find(|own| own.name == *topic) else {
        return;
    };

    let message_id = Chance::new(engine.seed, &parcel.path).uuid();

    for verdict in topic.verdicts(&parcel.body) {
        let step = StepKind::FilterVerdict {
            topic: Arc::clone(&topic.name),
            queue: Arc::clone(verdict.queue),
            passed: verdict.passed,
        };

        engine.journal.append(parcel.event, step);

        if verdict.passed {
            let body = topic.message_body(&verdict, &parcel.body, &message_id, now);
            engine.post(state, now, parcel.forward(verdict.queue, body));
        }
    }
}

fn enqueue(engine: &Engine, state: &mut State, now: SystemTime, name: &Arc<str>, parcel: Parcel) {
    let Some(queue) = state.queues.get_mut(name) else {
        return;
    };

    let message_id: Arc<str> = Chance::new(engine.seed, &format!("message {}", parcel.path))
        .uuid()
        .into();
    let mut message = Message::new(Arc::clone(&message_id), Arc::clone(&parcel.body));
    message.event = parcel.event;

    match queue.send(now, message) {
        Ok(sent) => {
            let is_duplicate = sent != Sent::Accepted;
            let (queue, body) = (Arc::clone(name), parcel.body);

            engine.journal.append(
                parcel.event,
                StepKind::Enqueued {
                    queue,
                    message_id,
                    body,
                    is_duplicate,
                },
            );
        }
        Err(refusal) => {
            engine.journal.append(
                parcel.event,
                StepKind::Refused {
                    queue: Arc::clone(name),
                    reason: refusal,
                },
            );

            if refusal == SendRefusal::Full {
                // SNS does so for 23 days ("Amazon SNS message delivery retries", Amazon SNS
                // Developer Guide, 2026).
                let pause = Duration::from_secs(1 << parcel.refusals.min(4));
                state.put_parcel(
                    now + pause,
                    Parcel {
                        refusals: parcel.refusals + 1,
                        ..parcel
                    },
                );
            }
        }
    }
}
