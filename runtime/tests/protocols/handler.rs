//! A handler of two steps, between which anything may happen.

use std::sync::{Arc, Mutex};

use s3_dispatch::{
    HandlerError, MessageContext, Outcome, Route, Router, S3EventRecord, async_trait,
};

use crate::gate::{Digest, Gate, Kind};
use crate::plan::BACKFILLED;

/// Begins, and then has its effect. All records are of one key.
#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) gate: Arc<Gate>,
    pub(crate) effects: Arc<Mutex<Effects>>,
}

#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The sequencers of the records that were handled, in the order of the effects.
    pub(crate) sequencers: Vec<String>,
    running: usize,
    /// Two handlers ran at once.
    pub(crate) overlapped: bool,
}

/// The name of the second step of a handler.
pub(crate) const EFFECT: &str = "effect";

/// Counts a handler as running until it has ended or is dropped.
struct Running(Arc<Mutex<Effects>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().unwrap().running -= 1;
    }
}

#[async_trait]
impl Router for Handler {
    async fn route(&self, record: &S3EventRecord, _: &MessageContext) -> Outcome {
        let (sequencer, effects) = (record.object.sequencer.as_ref(), Arc::clone(&self.effects));
        let sequencer = sequencer.map_or(BACKFILLED.to_owned(), ToString::to_string);

        let begin = move || {
            let mut noted = effects.lock().unwrap();
            noted.overlapped |= noted.running > 0;
            noted.running += 1;
            drop(noted);
            Ok(Running(effects))
        };
        let running = self.gate.pass(step("begin"), begin, failed).await;

        let effects = Arc::clone(&self.effects);
        let effect = move || {
            effects.lock().unwrap().sequencers.push(sequencer);
            Ok(())
        };
        let ended = self.gate.pass(step(EFFECT), effect, failed).await;
        drop(running);

        match ended {
            Ok(()) => Outcome::Handled,
            Err(error) => Outcome::Failed(error),
        }
    }

    fn routes(&self) -> &[Route] {
        &[]
    }
}

fn failed<T>() -> Result<T, HandlerError> {
    Err(HandlerError::retry("it failed"))
}

fn step(what: &'static str) -> Kind {
    Kind {
        what,
        detail: String::new(),
        is_call: false,
    }
}

impl<T> Digest for Result<T, HandlerError> {
    fn digest(&self) -> String {
        "went on".to_owned()
    }
}
