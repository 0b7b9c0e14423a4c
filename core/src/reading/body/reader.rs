//! The state of reading a body: its records, and the envelopes that were opened.

use crate::delivery::{Content, Envelopes, Opened, OtherMessage, TestEvent};
use crate::reading::json::Mode;
use crate::reading::record;
use crate::record::key_memory::KeyMemory;
use crate::text::RawJson;
use crate::{Error, S3EventRecord};

/// What a body holds. Records are appended to the reader's list.
pub(in crate::reading) enum Body {
    Records,
    Test(Box<TestEvent>),
    Other(OtherMessage),
}

/// Reads bodies into a list of records.
pub(in crate::reading) struct BodyReader<'r> {
    pub(super) records: &'r mut Vec<S3EventRecord>,
    keys: &'r mut KeyMemory,
    /// How many records the list had before this body.
    first: usize,
    /// The envelopes that were opened.
    pub(in crate::reading) envelopes: Envelopes,
    /// The outermost text that was read.
    pub(in crate::reading) raw: Option<RawJson>,
    /// The mode in which the next document is read first.
    pub(in crate::reading) mode: Mode,
}

/// How far a reader was.
#[derive(Clone, Copy)]
pub(super) struct Checkpoint {
    pub(super) records: usize,
    envelopes: Envelopes,
}

impl<'r> BodyReader<'r> {
    pub(in crate::reading) fn new(
        (records, keys): (&'r mut Vec<S3EventRecord>, &'r mut KeyMemory),
        envelopes: Envelopes,
        mode: Mode,
    ) -> Self {
        Self {
            first: records.len(),
            records,
            keys,
            envelopes,
            raw: None,
            mode,
        }
    }

    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            records: self.records.len(),
            envelopes: self.envelopes,
        }
    }

    /// Forgets what was read since.
    pub(super) fn take_back(&mut self, before: Checkpoint) {
        self.records.truncate(before.records);
        self.envelopes = before.envelopes;
    }

    /// Returns what was read. Records of a body with a mistake are dropped.
    pub(in crate::reading) fn finish(self, read: Result<Body, Error>) -> Opened {
        let content = match read {
            Ok(Body::Records) => Ok(Content::Records(self.first..self.records.len())),
            Ok(Body::Test(test)) => Ok(Content::Test(*test)),
            Ok(Body::Other(other)) => Ok(Content::Other(other)),
            Err(error) => {
                self.records.truncate(self.first);
                Err(error)
            }
        };

        Opened {
            envelopes: self.envelopes,
            content,
            body: self.raw,
        }
    }

    /// Adds a record, whose key is decoded here.
    #[inline(always)]
    pub(super) fn push(&mut self, record: S3EventRecord) {
        if self.records.len() == self.records.capacity() {
            self.grow();
        }

        self.records.push(record);
        if let Some(record) = self.records.last_mut() {
            record::decode_key(record, self.keys);
        }
    }

    /// Grows the list by a quarter at most, because a hostile payload can hold a record every
    /// seventy bytes.
    #[cold]
    fn grow(&mut self) {
        self.records.reserve_exact((self.records.len() / 4).max(4));
    }
}
