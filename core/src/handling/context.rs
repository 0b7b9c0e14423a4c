//! What handler arguments are made from.

use crate::{MessageContext, S3EventRecord};

/// One record on its way to a handler, with its message and the application's state.
#[derive(Debug)]
pub struct Context<'r, S> {
    record: &'r S3EventRecord,
    message: &'r MessageContext,
    state: &'r S,
}

impl<'r, S> Context<'r, S> {
    /// Puts the three together.
    #[must_use]
    pub fn new(record: &'r S3EventRecord, message: &'r MessageContext, state: &'r S) -> Self {
        Self {
            record,
            message,
            state,
        }
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> &'r S3EventRecord {
        self.record
    }

    /// The message that the record came in.
    #[must_use]
    pub fn message(&self) -> &'r MessageContext {
        self.message
    }

    /// The application's state.
    #[must_use]
    pub fn state(&self) -> &'r S {
        self.state
    }
}

// Not derived: a derive would ask `S: Copy`, and only the reference is copied.
impl<S> Clone for Context<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Context<'_, S> {}
