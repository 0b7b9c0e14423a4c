//! The body of one message: a notification in whatever envelopes.

use std::borrow::Cow;

use bytestring::ByteString;

use super::{eventbridge, s3_record, scan};
use crate::delivery::TestEvent;
use crate::delivery::{Envelope, Envelopes};
use crate::reading::json::{self, Node, Path};
use crate::text::RawJson;
use crate::text::Source;
use crate::{Error, ErrorKind, S3EventRecord};

/// What a body holds. Records are appended to the reader's list.
pub(crate) enum Body {
    Records,
    Test(TestEvent),
}

/// Where a body's records go, and which envelopes were opened on the way.
pub(crate) struct BodyReader<'r> {
    pub(crate) records: &'r mut Vec<S3EventRecord>,
    pub(crate) envelopes: Envelopes,
    /// The outermost text that was read.
    pub(crate) body: Option<RawJson>,
    /// The fast reading has refused, or shall not be asked.
    pub(crate) is_plain: bool,
}

/// How far a reader was at some time.
#[derive(Clone, Copy)]
pub(crate) struct Checkpoint {
    records: usize,
    envelopes: Envelopes,
}

impl<'r> BodyReader<'r> {
    pub(crate) fn new(records: &'r mut Vec<S3EventRecord>, envelopes: Envelopes) -> Self {
        Self {
            records,
            envelopes,
            body: None,
            is_plain: false,
        }
    }

    /// A reader that never uses the fast reading.
    pub(crate) fn plain(records: &'r mut Vec<S3EventRecord>, envelopes: Envelopes) -> Self {
        Self {
            is_plain: true,
            ..Self::new(records, envelopes)
        }
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            records: self.records.len(),
            envelopes: self.envelopes,
        }
    }

    /// Forgets what was read since.
    pub(crate) fn take_back(&mut self, before: Checkpoint) {
        self.records.truncate(before.records);
        self.envelopes = before.envelopes;
    }

    /// Reads a text that is a JSON document of its own.
    pub(crate) fn read_document(
        &mut self,
        document: ByteString,
        path: &Path<'_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        let source = Source::new(document, path)?;
        self.body
            .get_or_insert_with(|| RawJson::from(source.text(source.as_str())));

        if !std::mem::replace(&mut self.is_plain, true) {
            let before = self.checkpoint();
            if scan::read_document(self, &source, nesting).is_ok() {
                return Ok(Body::Records);
            }

            self.take_back(before);
        }

        json::check(&source, path)?;
        self.read(Node::root(&source, path), nesting)
    }

    /// Reads a value that is a part of a checked document.
    pub(crate) fn read(&mut self, node: Node<'_, '_>, nesting: usize) -> Result<Body, Error> {
        if !node.is_object() {
            return Err(not_an_s3_event(node));
        }

        let members = node.members(["Records", "Event", "Type", "Message", "source", "detail"])?;
        if let Some(body) = members.get("Records", |records| self.read_records(records))? {
            return Ok(body);
        }

        let is = |name, wanted: &str| {
            members
                .get(name, |node| Ok(node.is_string() && node.str()? == wanted))
                .map(Option::unwrap_or_default)
        };

        if is("Event", "s3:TestEvent")? {
            self.envelopes = self.envelopes.and(Envelope::S3);
            return TestEvent::read(node).map(Body::Test);
        }

        if is("Type", "Notification")? && members.has("Message") {
            self.envelopes = self.envelopes.and(Envelope::Sns);
            let body = members.get("Message", |message| self.read_message(message, nesting + 1))?;
            return body.ok_or_else(|| members.missing("Message"));
        }

        if is("source", "aws.s3")? && members.has("detail") {
            self.envelopes = self.envelopes.and(Envelope::EventBridge);
            let record = eventbridge::read_event(node)?;
            self.push(record);
            return Ok(Body::Records);
        }

        Err(not_an_s3_event(node))
    }

    /// Reads what an envelope holds: JSON as a string, or, from lenient senders, as a value.
    pub(crate) fn read_message(
        &mut self,
        message: Node<'_, '_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        if nesting > Envelopes::MAX_NESTING {
            return Err(message.error(ErrorKind::TooDeep, "too many envelopes inside each other"));
        }

        if message.is_string() {
            let document = match message.str()? {
                Cow::Borrowed(text) => ByteString::from(text),
                Cow::Owned(text) => ByteString::from(text),
            };
            self.read_document(document, message.path, nesting)
        } else {
            self.body
                .get_or_insert_with(|| RawJson::from(message.raw()));
            self.read(message, nesting)
        }
    }

    /// Grows the list by a quarter at most, since a hostile payload may hold a record every seventy
    /// bytes.
    pub(crate) fn push(&mut self, record: S3EventRecord) {
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact((self.records.len() / 4).max(4));
        }
        self.records.push(record);
    }

    /// S3 writes only records. NooBaa puts its test event among them.
    fn read_records(&mut self, records: Node<'_, '_>) -> Result<Body, Error> {
        let (mut test, first, outside) = (None, self.records.len(), self.envelopes);
        records.each_element(|_, element| {
            if !element.is_object() {
                return Err(not_an_s3_event(element));
            }

            let members = element.members(s3_record::NAMES)?;
            let is_test = members.get("Event", |event| {
                Ok(event.is_string() && event.str()? == "s3:TestEvent")
            })?;

            if is_test != Some(true) && !members.has("s3") {
                return Err(not_an_s3_event(element));
            }

            self.envelopes = outside.and(Envelope::S3);
            if is_test == Some(true) {
                test = Some(TestEvent::read(element)?);
            } else {
                let record = s3_record::read_record(element, &members)?;
                self.push(record);
            }

            Ok(())
        })?;

        // Also of no records at all.
        self.envelopes = outside.and(Envelope::S3);

        Ok(match test {
            Some(test) if self.records.len() == first => Body::Test(test),
            _ => Body::Records,
        })
    }
}

fn not_an_s3_event(node: Node<'_, '_>) -> Error {
    node.error(
        ErrorKind::NotAnS3Event,
        "expected an S3 notification, a test notification, an SNS message or an EventBridge event",
    )
}
