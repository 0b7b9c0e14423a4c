//! Runs steps: routes records, and gives permanent failures to the dead-letter sink.

use std::ops::Deref;
use std::pin::{Pin, pin};
use std::time::Instant;

use futures_util::future::{AbortRegistration, Abortable};
use s3_dispatch_core::delivery::Delivery;
use s3_dispatch_core::{HandlerError, Outcome, Router};

use crate::DeadLetters;
use crate::dispatch::engine::outcomes::record_range;
use crate::dispatch::engine::record_task;
use crate::dispatch::engine::shared::Engine;
use crate::dispatch::engine::state::Begun;
use crate::dispatch::engine::step::Work;
use crate::dispatch::settings::Settings;
use crate::failure::dead_letters::{self, DeadLetter, DeadRecord};
use crate::telemetry::in_progress::InProgress;

/// Runs the steps of an engine with a router.
pub(crate) struct Runner<'r, R, D> {
    pub(crate) router: &'r R,
    pub(crate) settings: &'r Settings,
    pub(crate) engine: &'r Engine<D>,
    /// Notes what runs while messages are kept apart that may have ended the process.
    pub(crate) in_progress: Option<&'r InProgress>,
    /// After this time nothing begins.
    pub(crate) cut: Option<Instant>,
}

impl<R: Router, D: Deref<Target = Delivery> + Clone> Runner<'_, R, D> {
    /// Runs a step to its end. If its message is taken away, the handler or the sink that runs is
    /// dropped at once.
    pub(crate) async fn run(&self, begun: &mut Begun<D>) {
        let choice = self.settings.failed_key;
        if matches!(begun.step.work, Work::Fail) {
            return self.engine.end(begun.lane, &begun.step, false, choice);
        }

        let registration = begun.registration.take();
        let begun = &*begun;
        let (lane, step) = (begun.lane, &begun.step);
        let Some(sink) = &self.settings.dead_letters else {
            // What ran is dropped before the step ends.
            let outcome = {
                let routed = pin!(self.route(begun));
                unless_taken_away(routed, registration).await
            };

            return match outcome {
                Some(outcome) => self.engine.finish_and_end(lane, step, outcome, choice),
                None => self.engine.end(lane, step, false, choice),
            };
        };

        let may_continue = {
            let work = pin!(async {
                let outcome = self.route(begun).await;
                self.finish_with_sink(&**sink, begun, outcome).await
            });
            unless_taken_away(work, registration).await.unwrap_or(false)
        };
        self.engine.end(lane, step, may_continue, choice);
    }

    /// Gives a step its outcome, and its message to the sink if that is due. Returns whether the
    /// lane may continue.
    async fn finish_with_sink(
        &self,
        sink: &dyn DeadLetters,
        begun: &Begun<D>,
        outcome: Option<Outcome>,
    ) -> bool {
        let (failed, is_permanent) = match &outcome {
            Some(Outcome::Failed(error)) => (true, error.is_permanent()),
            _ => (false, false),
        };

        if self.engine.finish(&begun.step, outcome) {
            return self.put_dead_letter(sink, begun).await;
        }

        // A permanent failure is decided when the last record of its message has an outcome.
        !failed || is_permanent
    }

    /// Routes the record of a step, if it has one.
    async fn route(&self, begun: &Begun<D>) -> Option<Outcome> {
        let Work::Route(record) = begun.step.work else {
            return None;
        };
        let record = &begun.delivery.records()[record];
        let context = &begun.delivery.messages()[begun.step.message].context;
        let _noted = self.in_progress.map(|notes| notes.begin(record, context));

        Some(record_task::route(self.router, record, context, self.settings).await)
    }

    /// Gives the permanent failures of a message to the sink. Returns whether it stored them.
    async fn put_dead_letter(&self, sink: &dyn DeadLetters, begun: &Begun<D>) -> bool {
        let (delivery, step) = (&begun.delivery, &begun.step);
        let message = &delivery.messages()[step.message];
        let (Ok(content), Some(body)) = (&message.content, message.body()) else {
            return true;
        };

        // The records have no outcome until the failures are put back, so a cut leaves them failed.
        let taken: Vec<(usize, HandlerError)> =
            self.engine.with_outcomes(step.admission, |outcomes| {
                record_range(content)
                    .filter_map(|record| Some((record, outcomes.take_permanent_failure(record)?)))
                    .collect()
            });

        let failures: Vec<_> = taken
            .iter()
            .map(|(record, error)| DeadRecord::new(&delivery.records()[*record], error))
            .collect();
        // No letter is put after the cut-off time, just as no handler starts.
        let is_stored = match DeadLetter::new(&message.context, &body, &failures) {
            None => return true,
            Some(_) if self.is_over() => false,
            Some(letter) => dead_letters::put(sink, &letter).await,
        };

        self.engine.with_outcomes(step.admission, |outcomes| {
            for (record, error) in taken {
                outcomes.put_back(step.message, record, error, is_stored);
            }
        });

        is_stored
    }

    /// Returns whether the cut-off time has come.
    pub(crate) fn is_over(&self) -> bool {
        self.cut
            .is_some_and(|cut| tokio::time::Instant::now() >= cut.into())
    }
}

/// Runs a future to its end. `None` if the message is taken away before.
///
/// It is pinned by the caller, because a future that is handed on by value is copied, however
/// little of it is in use.
async fn unless_taken_away<T>(
    work: Pin<&mut impl Future<Output = T>>,
    registration: Option<AbortRegistration>,
) -> Option<T> {
    match registration {
        None => Some(work.await),
        Some(registration) => Abortable::new(work, registration).await.ok(),
    }
}
