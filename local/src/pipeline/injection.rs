//! The places at which faults are injected, and how an injection is recorded.

use std::sync::Arc;

use super::transit::InTransit;
use crate::faults::chance::Chance;
use crate::faults::{Fault, Faults, Hop};
use crate::journal::{Journal, StepKind};
use crate::s3::EventId;
use crate::sqs::{Message, Received};

/// A message or an invocation at a hop, where a fault can occur.
pub(crate) struct FaultSite<'s> {
    hop: Hop,
    /// The topic, queue or function.
    place: &'s Arc<str>,
    /// The id that decides, together with the attempt, whether a fault occurs.
    key: &'s str,
    attempt: u32,
    event: Option<EventId>,
    /// The id of the message or invocation for the journal.
    id: Option<&'s Arc<str>>,
    receive_count: Option<u32>,
}

impl<'s> FaultSite<'s> {
    /// A message in transit.
    pub(crate) fn of_message_in_transit(message: &'s InTransit) -> Self {
        Self {
            hop: message.hop(),
            place: message.next_stop.name(),
            key: &message.path,
            attempt: 0,
            event: message.event,
            id: None,
            receive_count: None,
        }
    }

    /// A message that was received from this queue.
    pub(crate) fn of_received(hop: Hop, queue: &'s Arc<str>, received: &'s Received) -> Self {
        Self::of_message(hop, queue, &received.message, received.receive_count)
    }

    /// A message of this queue that has been received this often.
    pub(crate) fn of_message(
        hop: Hop,
        queue: &'s Arc<str>,
        message: &'s Message,
        receive_count: u32,
    ) -> Self {
        Self {
            hop,
            place: queue,
            key: &message.id,
            attempt: receive_count,
            event: message.event,
            id: Some(&message.id),
            receive_count: Some(receive_count),
        }
    }

    /// An attempt of a call that a client makes to a queue.
    pub(crate) fn of_call(hop: Hop, queue: &'s Arc<str>, key: &'s str, attempt: u32) -> Self {
        Self {
            hop,
            place: queue,
            key,
            attempt,
            event: None,
            id: None,
            receive_count: None,
        }
    }

    /// An attempt of an invocation.
    pub(crate) fn of_invocation(
        function: &'s Arc<str>,
        request_id: &'s Arc<str>,
        attempt: u32,
    ) -> Self {
        Self {
            hop: Hop::Invoke,
            place: function,
            key: request_id,
            attempt,
            event: None,
            id: Some(request_id),
            receive_count: None,
        }
    }

    /// Decides whether the fault occurs, and records it if it does.
    pub(super) fn inject(
        &self,
        fault: Fault,
        faults: &Faults,
        journal: &Journal,
    ) -> Option<Chance> {
        let chance = faults.draw(self.hop, fault, self.key, self.attempt)?;

        let step = StepKind::FaultInjected {
            hop: self.hop,
            fault,
            place: Arc::clone(self.place),
            id: self.id.cloned(),
            receive_count: self.receive_count,
        };
        journal.append(self.event, step);

        Some(chance)
    }
}
