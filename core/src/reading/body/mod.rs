//! Reads the body of one message: a notification or an EventBridge event, perhaps in SNS messages.
//!
//! The silent mode reads records and nested bodies while it passes over their envelope. The
//! explaining mode first learns what the body is. Batches and single events are read with this.

mod reader;
mod members;
mod records;

pub(super) use reader::{Body, BodyReader};

use bytestring::ByteString;

use self::members::{MEMBERS, OpenBody};
use super::json::{self, GiveUp, Mode, Path, Scanned, Scanner, Source, Span};
use super::mistake::{Refusal, lone_surrogate, not_an_s3_event};
use super::record::{self, Slot};
use crate::delivery::{Envelope, Envelopes};
use crate::text::RawJson;
use crate::{Error, ErrorKind};

fn check_nesting(nesting: usize, path: &Path<'_>) -> Result<(), Error> {
    if nesting <= Envelopes::MAX_NESTING {
        return Ok(());
    }

    let message = "too many envelopes inside each other";
    Err(Error::new(ErrorKind::TooDeep, message).at(path))
}

type ReadBody = Result<Body, Refusal>;

impl BodyReader<'_> {
    /// Reads a body that is a string, where it is. Takes back everything when that fails.
    pub(in crate::reading) fn read_in_place(
        &mut self,
        scanner: &mut Scanner<'_, 0>,
    ) -> Scanned<()> {
        let (before, outside) = (self.checkpoint(), scanner.rest());

        let read = scanner.enter_string().and_then(|start| {
            let end = self.read_silently::<1>(scanner.source, start, 0)?;
            let content = Span::new(start, end).as_text(scanner.source);
            self.raw = Some(RawJson::new(content, 1));

            scanner.leave_string(end - start)
        });

        if read.is_err() {
            self.take_back(before);
            self.raw = None;
            scanner.go_back_to(outside);
        }

        read
    }

    /// Reads a JSON document: silently at first, then to explain its mistake.
    pub(in crate::reading) fn read_document(
        &mut self,
        document: ByteString,
        path: &Path<'_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        let source = Source::new(document, path)?;
        let whole = Span::new(0, source.as_str().len());
        self.raw
            .get_or_insert_with(|| RawJson::from(whole.as_text(&source)));

        if std::mem::replace(&mut self.mode, Mode::Explaining) == Mode::Silent {
            let before = self.checkpoint();
            if self.read_all_silently(&source, nesting).is_ok() {
                return Ok(Body::Records);
            }

            self.take_back(before);
        }

        json::check(&source, path)?;
        let mut scanner = Scanner::new(&source, 0, Mode::Explaining);
        scanner.whitespace();

        self.explain(&mut scanner, path, nesting)
    }

    /// Reads the content of an envelope: JSON as a string or, from lenient senders, as a value.
    pub(in crate::reading) fn explain_message(
        &mut self,
        scanner: &mut Scanner<'_, 0>,
        path: &Path<'_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        if !scanner.is_at_quote() {
            return self.explain_value(scanner, path, nesting);
        }

        check_nesting(nesting, path)?;
        let document = scanner
            .detached_text()
            .ok_or_else(|| lone_surrogate(path))?;

        self.read_document(ByteString::from(document), path, nesting)
    }

    /// Reads the content of an envelope that is a value.
    fn explain_value(
        &mut self,
        scanner: &mut Scanner<'_, 0>,
        path: &Path<'_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        check_nesting(nesting, path)?;
        let value = scanner.at(scanner.position()).raw();
        let value = value.expect("the syntax is checked");
        self.raw
            .get_or_insert_with(|| RawJson::from(value.as_text(scanner.source)));

        self.explain(scanner, path, nesting)
    }

    /// Reads a document in silent mode, to its very end.
    pub(in crate::reading) fn read_all_silently(
        &mut self,
        source: &Source,
        nesting: usize,
    ) -> Scanned<()> {
        match self.read_silently::<0>(source, 0, nesting)? {
            end if end == source.as_str().len() => Ok(()),
            _ => Err(GiveUp::Other),
        }
    }

    /// Reads the document that begins at `start`, in silent mode. Returns its end.
    fn read_silently<const LEVEL: usize>(
        &mut self,
        source: &Source,
        start: usize,
        nesting: usize,
    ) -> Scanned<usize> {
        let mut scanner = Scanner::<LEVEL>::new(source, start, Mode::Silent);

        match self.read(&mut scanner, &Path::Root, nesting) {
            Ok(_) => Ok(scanner.position()),
            Err(Refusal::GiveUp(give_up)) => Err(give_up),
            Err(Refusal::Mistake(_)) => Err(GiveUp::Other),
        }
    }

    /// Reads a value whose syntax is checked, in explaining mode.
    pub(in crate::reading) fn explain(
        &mut self,
        scanner: &mut Scanner<'_, 0>,
        path: &Path<'_>,
        nesting: usize,
    ) -> Result<Body, Error> {
        if scanner.peek() != b'{' {
            return Err(not_an_s3_event(path));
        }

        match self.read(scanner, path, nesting) {
            Ok(body) => Ok(body),
            Err(Refusal::Mistake(error)) => Err(error),
            // Nothing else keeps the explaining mode from reading.
            Err(Refusal::GiveUp(_)) => Err(lone_surrogate(path)),
        }
    }

    fn read<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
        path: &Path<'_>,
        nesting: usize,
    ) -> ReadBody {
        let (before, start) = (self.checkpoint(), scanner.rest());
        if self.read_typical(scanner).is_some() {
            return Ok(Body::Records);
        }

        self.take_back(before);
        scanner.go_back_to(start);
        scanner.whitespace();

        let mut body = OpenBody::new(self, path, before, nesting, scanner.mode());
        let start = scanner.position();
        scanner.fields(&MEMBERS, |scanner, member| body.read(scanner, member))?;
        body.spans[Slot::root] = Span::new(start, scanner.position());
        scanner.whitespace();

        body.finish(scanner)
    }

    /// Reads a notification of one record as S3 writes it into an SQS message.
    fn read_typical<const LEVEL: usize>(&mut self, scanner: &mut Scanner<'_, LEVEL>) -> Option<()> {
        if LEVEL != 1 {
            return None;
        }

        scanner.literal(br#"{\"Records\":["#).ok()?;
        record::read_record(scanner, |record| self.push(record)).ok()?;
        scanner.literal(b"]}").ok()?;
        self.envelopes = self.envelopes.and(Envelope::S3);

        Some(())
    }
}
