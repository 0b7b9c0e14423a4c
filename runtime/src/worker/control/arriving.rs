//! What a receive brings.

use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{Error, ErrorKind, MessageContext, Router};
use tokio::time::Instant;

use crate::dispatch::arrival;
use crate::dispatch::settings::Returned;
use crate::queue::{QueueError, Receive, Received};
use crate::telemetry::errors::with_causes;
#[cfg(feature = "metrics")]
use crate::telemetry::metrics::worker as metrics;
use crate::worker::batch::Batch;
use crate::worker::control::Control;
use crate::worker::receive::Change;

impl<R: Router, Q: Receive> Control<R, Q> {
    pub(super) fn received(&mut self, asked: usize, sent: Instant, messages: Vec<Received>) {
        self.health.receiving(true);
        self.report.note_received(asked, messages.len());
        let change = self.receives.brought(asked, sent, messages.len());
        if change == Change::Recovered {
            tracing::info!("the queue can be received from again");
        }

        if messages.is_empty() {
            return;
        }

        let messages = messages.into_iter().map(Received::into_parts);
        let mut delivery = Delivery::from_messages(messages);
        self.shared.parts.settings.traces.messages(&mut delivery);
        for message in delivery.messages_mut() {
            arrival::complete(message, &self.shared.parts.settings);
        }

        let first = self.leases.reserve(delivery.messages().len());
        let batch = Batch::new(delivery, first);
        let messages = 0..batch.messages().len();
        let orders: Vec<_> = messages
            .map(|message| {
                let order = self.apart(&batch.messages()[message].context);
                self.leases.add(
                    &batch,
                    message,
                    sent,
                    self.options.visibility,
                    order.is_some(),
                );
                order
            })
            .collect();

        if self.drained_by.is_some() {
            let late = 0..orders.len();
            late.for_each(|message| self.hand_back(batch.lease(message)));
        } else {
            self.admit(&batch, &orders);
        }
    }

    /// Lets handlers run for the messages of a receive. Those that are kept apart have an order.
    fn admit(&mut self, batch: &Batch, orders: &[Option<u64>]) {
        let engine = &self.shared.engine;
        let malformed = self.shared.parts.settings.malformed;
        let (admission, lanes) = engine.admit(batch.clone(), malformed, |message| orders[message]);
        self.leases.note_admission(batch, admission);

        engine.offer(lanes);
    }

    /// Returns whether a message came back without an answer, and its order among its like.
    fn apart(&self, message: &MessageContext) -> Option<u64> {
        let parts = &self.shared.parts;
        let is_apart =
            parts.settings.returned != Some(Returned::Together) && parts.answered.lacks(message);

        is_apart.then(|| arrival::order(message))
    }

    pub(super) fn not_received(
        &mut self,
        asked: usize,
        sent: Instant,
        error: QueueError,
    ) -> Result<(), Error> {
        self.health.receiving(false);
        #[cfg(feature = "metrics")]
        metrics::receive_failed();
        let is_fatal = error.ends_a_start() && !self.receives.has_received();
        if is_fatal {
            let text = "the worker cannot start";
            return Err(Error::new(ErrorKind::Queue, text).with_source(error));
        }

        if self.receives.failed(asked, sent) == Change::Fails {
            let error = with_causes(&error);
            tracing::error!(
                error,
                "the queue cannot be received from: trying again, less and less often"
            );
        }

        Ok(())
    }
}
