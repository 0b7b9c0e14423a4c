//! What happens to an event on its way over EventBridge.

use std::sync::Arc;
use std::time::SystemTime;

use crate::fan_out::event_bus::EVENT_BUS;
use crate::faults::chance::Chance;
use crate::journal::StepKind;
use crate::pipeline::engine::Engine;
use crate::pipeline::state::PipelineState;
use crate::pipeline::transit::{InTransit, NextStop};
use crate::s3::notification::{Request, eventbridge_json};
use crate::s3::{EventId, ObjectEvent};

impl Engine {
    /// Sends an event to EventBridge, if it has a form there.
    pub(in crate::pipeline) fn send_to_event_bus(
        &self,
        state: &mut PipelineState,
        id: EventId,
        event: &ObjectEvent,
        request: &Request<'_>,
    ) {
        let path: Arc<str> = format!("{}/eventbridge", id.0).into();
        // Duplicates of an event have the same id.
        let event_id = Chance::new(self.seed, &path).uuid();
        let Some(body) = eventbridge_json(event, request, &event_id) else {
            return;
        };

        let message = InTransit {
            event: Some(id),
            body: body.into(),
            next_stop: NextStop::EventBus(EVENT_BUS.into()),
            path,
            trace_header: event.trace_header.as_deref().map(Into::into),
            refusals: 0,
            dead_letter_queue: None,
        };
        self.send_off(state, request.time, message);
    }
}

/// Sends an event on to the queues of the rules that match it.
pub(super) fn arrive_at_event_bus(
    engine: &Engine,
    state: &mut PipelineState,
    now: SystemTime,
    message: &InTransit,
) {
    let step = StepKind::EventSent {
        bus: Arc::clone(message.next_stop.name()),
    };
    engine.journal.append(message.event, step);

    for rule in &engine.rules {
        let matched = rule.matches(&message.body);
        let step = StepKind::RuleVerdict {
            rule: Arc::clone(&rule.name),
            queue: Arc::clone(&rule.queue),
            matched,
        };
        engine.journal.append(message.event, step);

        if matched {
            let body = Arc::clone(&message.body);
            let forwarded = message
                .forward_by(&rule.name, &rule.queue, body)
                .with_dead_letter_queue(rule.dead_letter_queue.as_ref());
            engine.send_off(state, now, forwarded);
        }
    }
}
