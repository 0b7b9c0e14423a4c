//! The body of one message: a notification or an event of EventBridge, perhaps in SNS messages.

use super::eventbridge::{self, Event};
use super::s3_record::read_record;
use super::{Field, Scanned, Scanner, Span, Unusual};
use crate::delivery::{Envelope, Envelopes};
use crate::reading::body::{BodyReader, Checkpoint};
use crate::text::Source;

/// Reads a document of its own. What was read of an unusual one is left to the caller to take back.
pub(crate) fn read_document(
    reader: &mut BodyReader<'_>,
    source: &Source,
    nesting: usize,
) -> Scanned<()> {
    match read_body::<0>(source, 0, reader, nesting)? {
        end if end == source.as_str().len() => Ok(()),
        _ => Err(Unusual::Other),
    }
}

/// What a body says of itself.
struct BodyPart<'b, 'r> {
    reader: &'b mut BodyReader<'r>,
    before: Checkpoint,
    nesting: usize,
    kind: Span,
    test: Span,
    has_records: bool,
    /// Whether the message could be read that is in this one.
    message: Option<Scanned<()>>,
    event: Event,
}

struct Fields<const LEVEL: usize>;

impl<const LEVEL: usize> Fields<LEVEL> {
    /// S3's one field, SNS's, that of a test notification, and EventBridge's.
    fn body<'b, 'r>() -> [Field<BodyPart<'b, 'r>, LEVEL>; 12] {
        [
            ("Records", BodyPart::read_records),
            ("Type", |body, scanner| scanner.text_or_raw(&mut body.kind)),
            ("Message", BodyPart::read_message),
            ("Event", |body, scanner| {
                scanner.text_or_skip(&mut body.test)
            }),
            ("version", |_, scanner| scanner.skip()),
            ("id", |_, scanner| scanner.skip()),
            ("detail-type", |body, scanner| {
                scanner.text(&mut body.event.detail_type)
            }),
            ("source", |body, scanner| {
                scanner.text(&mut body.event.source)
            }),
            ("time", |body, scanner| scanner.text(&mut body.event.time)),
            ("region", |body, scanner| {
                scanner.text(&mut body.event.region)
            }),
            ("resources", |body, scanner| {
                scanner.first_text(&mut body.event.resources)
            }),
            ("detail", |body, scanner| {
                scanner.optional_object(eventbridge::Fields::DETAIL, &mut body.event.detail)
            }),
        ]
    }
}

/// Reads the document that begins here, with the whitespace around it. Gives its end.
pub(super) fn read_body<const LEVEL: usize>(
    source: &Source,
    start: usize,
    reader: &mut BodyReader<'_>,
    nesting: usize,
) -> Scanned<usize> {
    let mut scanner = Scanner::<LEVEL>::new(source, start);
    let before = reader.checkpoint();

    if read_as_written(&mut scanner, reader).is_some() {
        return Ok(scanner.position());
    }

    reader.take_back(before);
    scanner.go_on_at(&source.as_str().as_bytes()[start..]);
    scanner.whitespace();

    let mut body = BodyPart {
        reader,
        before,
        nesting,
        kind: Span::default(),
        test: Span::default(),
        has_records: false,
        message: None,
        event: Event::default(),
    };

    let start = scanner.position();
    scanner.object(&Fields::<LEVEL>::body(), &mut body)?;
    let raw = Span::new(start, scanner.position());
    scanner.whitespace();
    body.finish(&scanner, raw)?;

    Ok(scanner.position())
}

/// A notification of one record, as S3 writes it in an SQS message.
fn read_as_written<const LEVEL: usize>(
    scanner: &mut Scanner<'_, LEVEL>,
    reader: &mut BodyReader<'_>,
) -> Option<()> {
    if LEVEL != 1 {
        return None;
    }

    scanner.literal(br#"{\"Records\":["#).ok()?;
    let record = read_record(scanner).ok()?;
    scanner.literal(b"]}").ok()?;
    reader.push(record);
    reader.envelopes = reader.envelopes.and(Envelope::S3);

    Some(())
}

impl BodyPart<'_, '_> {
    /// Tells what it was that was read, in the order in which the plain reading asks.
    fn finish<const LEVEL: usize>(self, scanner: &Scanner<'_, LEVEL>, raw: Span) -> Scanned<()> {
        if self.has_records {
            return Ok(());
        }

        let texts = scanner.texts()?;
        let is = |span: Span, wanted| Ok(span.content(&texts)? == wanted);

        if is(self.test, "s3:TestEvent")? {
            return Err(Unusual::Other);
        }

        if is(self.kind, "Notification")?
            && let Some(read) = self.message
        {
            return read;
        }

        self.reader.take_back(self.before);
        if !is(self.event.source, "aws.s3")? {
            return Err(Unusual::Other);
        }

        self.reader.envelopes = self.reader.envelopes.and(Envelope::EventBridge);
        self.reader.push(self.event.build::<LEVEL>(&texts, raw)?);

        Ok(())
    }

    /// Reads the records. Those of a duplicate are forgotten, and any message.
    fn read_records<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
    ) -> Scanned<()> {
        self.has_records = true;
        self.reader.take_back(self.before);
        let reader = &mut *self.reader;

        scanner.array(|scanner| {
            let record = read_record(scanner)?;
            reader.push(record);
            Ok(())
        })?;

        // Also of no records at all.
        reader.envelopes = reader.envelopes.and(Envelope::S3);

        Ok(())
    }

    /// Reads what an SNS message holds. That it is one may be said later, or not at all.
    fn read_message<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
    ) -> Scanned<()> {
        if self.has_records {
            return scanner.skip();
        }

        self.reader.take_back(self.before);
        if scanner.peek() == b'n' {
            self.message = None;
            return scanner.literal(b"null");
        }

        let outside = scanner.rest();
        let read = self.read_sns(scanner);

        if read.is_err() {
            scanner.go_on_at(outside);
            scanner.skip()?;
        }

        self.message = Some(read);
        Ok(())
    }

    fn read_sns<const LEVEL: usize>(&mut self, scanner: &mut Scanner<'_, LEVEL>) -> Scanned<()> {
        let (source, nesting) = (scanner.source, self.nesting + 1);
        if nesting > Envelopes::MAX_NESTING {
            return Err(Unusual::Other);
        }

        let outside = scanner.rest();
        let start = scanner.enter_string()?;
        self.reader.envelopes = self.reader.envelopes.and(Envelope::Sns);
        let before = self.reader.checkpoint();

        let end = match LEVEL {
            0 => read_body::<1>(source, start, self.reader, nesting),
            1 => read_body::<2>(source, start, self.reader, nesting),
            _ => Err(Unusual::Escapes),
        };

        match end {
            Ok(end) => scanner.leave_string(end - start),
            // Where nothing is in its way, this document alone is unescaped.
            Err(Unusual::Escapes) if LEVEL == 0 => {
                self.reader.take_back(before);
                scanner.go_on_at(outside);
                let message = scanner.text_of_its_own().ok_or(Unusual::Other)?;
                read_document(self.reader, &Source::from(message), nesting)
            }
            Err(unusual) => Err(unusual),
        }
    }
}
