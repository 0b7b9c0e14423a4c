//! Reads the records of a notification in explaining mode.

use super::members::OpenBody;
use super::reader::Body;
use crate::Error;
use crate::delivery::{Envelope, Envelopes, TestEvent};
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

        let (mut test, mut mistake, mut index) = (None, None, 0);
        let outside = self.reader.envelopes;

        scanner.at(scanner.position()).array(|scanner| {
            let element = scanner.raw()?;

            if mistake.is_none() {
                let path = Path::Index(&path, index);
                match self.explain_record(&scanner.at(element.start()), outside, &path) {
                    Ok(Some(found)) => test = Some(found),
                    Ok(None) => {}
                    Err(error) => mistake = Some(error),
                }
            }

            index += 1;
            Ok(())
        })?;

        if let Some(error) = mistake {
            return Err(Refusal::Mistake(error));
        }

        // An empty list is a notification too.
        self.reader.envelopes = outside.and(Envelope::S3);

        match test {
            Some(test) if self.reader.records.len() == self.before.records => {
                Ok(Body::Test(Box::new(test)))
            }
            _ => Ok(Body::Records),
        }
    }

    /// Reads an entry of `Records`, which may be a test notification.
    fn explain_record<const LEVEL: usize>(
        &mut self,
        scanner: &Scanner<'_, LEVEL>,
        outside: Envelopes,
        path: &Path<'_>,
    ) -> Result<Option<TestEvent>, Error> {
        let mut scanner = scanner.at(scanner.position());
        let mut spans = Spans::default();
        if scanner.peek() != b'{' {
            return Err(not_an_s3_event(path));
        }

        let start = scanner.position();
        let fields = record::read_object(&mut scanner, Form::Notification, Slot::root, &mut spans)
            .and_then(|()| record::fields(&scanner, &spans, Form::Notification));
        let fields = match fields {
            Ok(fields) if !fields.spans[Slot::root].is_wrong_type() => fields,
            _ => return Err(lone_surrogate(path)),
        };

        let explain = |fault| fields.explain(fault, path);
        let is_test = fields.is_test().map_err(explain)?;
        if !is_test && !spans.has(Slot::s3) {
            return Err(not_an_s3_event(path));
        }

        self.reader.envelopes = outside.and(Envelope::S3);
        if is_test {
            return read_test_event(&mut scanner.at(start), path).map(Some);
        }

        let record = record::build(&fields).map_err(explain)?;
        self.reader.push(record);

        Ok(None)
    }
}
