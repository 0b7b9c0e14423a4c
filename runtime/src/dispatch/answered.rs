//! Remembers which messages this process has reported as failed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use s3_dispatch_core::MessageContext;

/// The messages that were reported as failed, with their receive counts.
///
/// One of these that comes back comes back *because* it was reported. Any other one that has been
/// received before may come back because its process ended.
#[derive(Debug, Default)]
pub(crate) struct Answered(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    counts: HashMap<String, u32>,
    oldest_first: VecDeque<String>,
}

/// How many messages are remembered. That is a few megabytes.
const MAX_MESSAGES: usize = 20_000;

impl Answered {
    /// Remembers a message that is about to be reported as failed.
    pub(crate) fn remember(&self, message: &MessageContext) {
        let (Some(id), Some(count)) = (message.message_id(), message.receive_count()) else {
            return;
        };

        let mut remembered = self.remembered();
        let is_new = remembered
            .counts
            .insert(id.as_str().to_owned(), count)
            .is_none();
        if !is_new {
            return;
        }

        remembered.oldest_first.push_back(id.as_str().to_owned());
        if remembered.oldest_first.len() > MAX_MESSAGES
            && let Some(oldest) = remembered.oldest_first.pop_front()
        {
            remembered.counts.remove(&oldest);
        }
    }

    /// Returns whether a message has been received before, and its last receive got no answer from
    /// this process.
    pub(crate) fn lacks(&self, message: &MessageContext) -> bool {
        let Some(before) = message
            .receive_count()
            .and_then(|count| count.checked_sub(1))
        else {
            return false;
        };
        let Some(id) = message.message_id().filter(|_| before > 0) else {
            return false;
        };

        self.remembered().counts.get(id.as_str()) != Some(&before)
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
