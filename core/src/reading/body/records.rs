//! Reads the records of a notification in explaining mode.

use super::members::OpenBody;
use super::reader::Body;
use crate::Error;
use crate::delivery::{Envelope, Envelopes};
use crate::reading::json::{Path, Scanner};
use crate::reading::mistake::{Refusal, lone_surrogate, not_an_array, not_an_s3_event};
use crate::reading::record::{self, Form, Slot, Spans};
use crate::reading::test_event::read_test_event;

impl OpenBody<'_, '_, '_> {
    /// Reads records in explaining mode. S3 writes only records, NooBaa also its test notification.
    pub(super) fn explain_records<const LEVEL: usize>(
        &mut self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        let path = Path::Member(self.path, "Records");
        if scanner.peek() != b'[' {
            return Err(Refusal::Mistake(not_an_array(&path)));
        }

        let outside = self.reader.envelopes;
        let (mut other, mut mistake) = (None, None);
        let mut index = 0;

        scanner.at(scanner.position()).array(|scanner| {
            let element = scanner.raw()?;

            if mistake.is_none() {
                let scanner = Scanner::<0>::new(scanner.source, element.start(), scanner.mode());

                match self.explain_element(&scanner, outside, &Path::Index(&path, index)) {
                    Ok(Body::Records) => {}
                    Ok(found) => _ = other.get_or_insert(found),
                    Err(error) => mistake = Some(error),
                }
            }

            index += 1;
            Ok(())
        })?;

        if let Some(error) = mistake {
            return Err(Refusal::Mistake(error));
        }

        if index == 0 {
            // An empty list is a notification too.
            self.reader.envelopes = outside.and(Envelope::S3);
        }

        match other {
            Some(other) if self.reader.records.len() == self.before.records => Ok(other),
            _ => Ok(Body::Records),
        }
    }

    /// Reads an entry of `Records`: a record, a test notification, or a message of a batch that was
    /// sent on as it is.
    fn explain_element(
        &mut self,
        scanner: &Scanner<'_, 0>,
        outside: Envelopes,
        path: &Path<'_>,
    ) -> Result<Body, Error> {
        if scanner.peek() != b'{' {
            return Err(not_an_s3_event(path));
        }

        let start = scanner.position();
        let mut scanner = scanner.at(start);
        let mut spans = Spans::default();

        let fields = record::read_object(&mut scanner, Form::Notification, Slot::root, &mut spans)
            .and_then(|()| record::fields(&scanner, &spans, Form::Notification));
        let fields = match fields {
            Ok(fields) if !fields.spans[Slot::root].is_wrong_type() => fields,
            _ => return Err(lone_surrogate(path)),
        };

        let explain = |fault| fields.explain(fault, path);
        let is_test = fields.is_test().map_err(explain)?;
        if !is_test && !spans.has(Slot::s3) {
            return self.explain_message_of_batch(&scanner.at(start), outside, path);
        }

        self.reader.envelopes = outside.and(Envelope::S3);
        if is_test {
            let test = read_test_event(&mut scanner.at(start), path)?;
            return Ok(Body::Test(Box::new(test)));
        }

        record::build(&fields, |record| self.reader.push(record)).map_err(explain)?;

        Ok(Body::Records)
    }

    /// Reads a message of an SNS or SQS batch that was put into a body as it is: by an SNS event
    /// that a function sent on, or by a destination of Lambda.
    fn explain_message_of_batch(
        &mut self,
        scanner: &Scanner<'_, 0>,
        outside: Envelopes,
        path: &Path<'_>,
    ) -> Result<Body, Error> {
        let nesting = self.nesting + 1;

        if let Some(sns) = member(scanner, "Sns", path)?
            && let Some(mut message) = member(&sns, "Message", path)?
        {
            self.reader.envelopes = outside.and(Envelope::Sns);
            let path = Path::Member(path, "Sns");
            let path = Path::Member(&path, "Message");
            return self.reader.explain_message(&mut message, &path, nesting);
        }

        if let Some(mut body) = member(scanner, "body", path)? {
            self.reader.envelopes = outside.and(Envelope::Sqs);
            let path = Path::Member(path, "body");
            return self.reader.explain_message(&mut body, &path, nesting);
        }

        Err(not_an_s3_event(path))
    }

    /// Reads the event that a destination of Lambda wraps.
    pub(super) fn explain_request_payload<const LEVEL: usize>(
        self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        let start = self.spans[Slot::root].start();
        let scanner = Scanner::<0>::new(scanner.source, start, scanner.mode());

        match scanner.member("requestPayload")? {
            Some(mut payload) => {
                let path = Path::Member(self.path, "requestPayload");
                let read = self
                    .reader
                    .explain_value(&mut payload, &path, self.nesting + 1);
                read.map_err(Refusal::Mistake)
            }
            None => Err(self.refuse(not_an_s3_event)),
        }
    }
}

/// A scanner at a member, or `None` when it is absent or when this is not an object.
fn member<'d>(
    scanner: &Scanner<'d, 0>,
    name: &'static str,
    path: &Path<'_>,
) -> Result<Option<Scanner<'d, 0>>, Error> {
    match scanner.peek() {
        b'{' => scanner.member(name).map_err(|_| lone_surrogate(path)),
        _ => Ok(None),
    }
}
