//! Where Lambda and a worker put what no retry can help.

use std::sync::{Arc, Mutex};

use s3_dispatch::failure::{DeadLetter, DeadLetterError};
use s3_dispatch::{DeadLetters, async_trait};

use crate::case::Fate;

/// The ids of the messages that were put into it.
#[derive(Clone, Default)]
pub(crate) struct Sink(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl DeadLetters for Sink {
    async fn put(&self, letter: &DeadLetter<'_>) -> Result<(), DeadLetterError> {
        let id = letter.message.message_id().unwrap();
        self.0.lock().unwrap().push(id.as_str().to_owned());
        Ok(())
    }
}

impl Sink {
    /// What became of a message that does not come again.
    pub(crate) fn fate(&self, index: usize) -> Fate {
        match self.0.lock().unwrap().contains(&index.to_string()) {
            true => Fate::SetAside,
            false => Fate::Handled,
        }
    }
}
