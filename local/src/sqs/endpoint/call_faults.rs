//! The faults that hit the calls of clients: a call is throttled, or lost before or after its
//! effect, or some entries of a batch are refused. Workers in the same process suffer them too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{ErrorCode, SqsError};
use crate::faults::chance::Chance;
use crate::faults::{Fault, Hop};
use crate::pipeline::engine::Engine;
use crate::pipeline::injection::FaultSite;

/// The faults that a call can suffer.
const FAULTS: [Fault; 3] = [Fault::Throttle, Fault::DropRequest, Fault::DropResponse];

/// How many calls are remembered. Clients retry soon, so older ones can be forgotten.
const MAX_REMEMBERED: usize = 65_536;

/// Counts how often the same call came while faults could hit it. A retry has another fate than the
/// call before.
#[derive(Default)]
pub(crate) struct CallAttempts(Mutex<HashMap<u64, u32>>);

/// Whether a call that has taken effect is answered.
#[derive(Debug)]
#[must_use = "`deliver` decides about the answer"]
pub(crate) struct Answer {
    is_lost: bool,
}

impl CallAttempts {
    /// Decides what happens to a call at this hop. `key` says what the call is about, in the same
    /// way in each run and each retry.
    ///
    /// # Errors
    ///
    /// When the call is throttled or lost. It has no effect then.
    pub(crate) fn admit(
        &self,
        engine: &Engine,
        hop: Hop,
        queue: &str,
        key: impl FnOnce() -> String,
    ) -> Result<Answer, SqsError> {
        if !engine.can_inject(hop, &FAULTS) {
            return Ok(Answer { is_lost: false });
        }

        let place: Arc<str> = queue.into();
        let key = format!("{queue} {}", key());
        let site = FaultSite::of_call(hop, &place, &key, self.next(hop, &key));
        let occurs = |fault| engine.inject(fault, &site).is_some();

        if occurs(Fault::Throttle) {
            return Err(SqsError::new(
                ErrorCode::RequestThrottled,
                "The request was denied due to request throttling.",
            ));
        }

        if occurs(Fault::DropRequest) {
            return Err(SqsError::lost());
        }

        // Whether a receiver misses its answer is decided for each message.
        Ok(Answer {
            is_lost: hop != Hop::Receive && occurs(Fault::DropResponse),
        })
    }

    /// Decides whether one message of a call is refused. `key` is as in [`admit`](Self::admit).
    pub(crate) fn refuses(
        &self,
        engine: &Engine,
        hop: Hop,
        queue: &str,
        key: impl FnOnce() -> String,
    ) -> bool {
        if !engine.can_inject(hop, &[Fault::Refuse]) {
            return false;
        }

        let place: Arc<str> = queue.into();
        let key = format!("{queue} entry {}", key());
        let site = FaultSite::of_call(hop, &place, &key, self.next(hop, &key));

        engine.inject(Fault::Refuse, &site).is_some()
    }

    /// The number of this attempt, from 1.
    fn next(&self, hop: Hop, key: &str) -> u32 {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MAX_REMEMBERED {
            attempts.clear();
        }

        let call = Chance::new(0, &format!("{hop} {key}")).bits();
        let attempt = attempts.entry(call).or_insert(0);
        *attempt += 1;

        *attempt
    }
}

impl Answer {
    /// Returns the output of a call, unless its answer is lost.
    pub(crate) fn deliver<T>(self, output: T) -> Result<T, SqsError> {
        if self.is_lost {
            return Err(SqsError::lost());
        }

        Ok(output)
    }
}
