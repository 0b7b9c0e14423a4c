//! The members of a body, which tell what the body is.

use super::reader::{Body, BodyReader, Checkpoint};
use crate::Error;
use crate::delivery::{Envelope, Envelopes, OtherMessage, TopicArn};
use crate::reading::json::{GiveUp, Mode, Path, Read, Scanned, Scanner, Source, Span, Texts};
use crate::reading::mistake::{Refusal, lone_surrogate, not_an_s3_event};
use crate::reading::record::{self, Field, Form, Slot, Spans};
use crate::reading::test_event::read_test_event;
use crate::text::FromText;

/// A body whose members are being read.
pub(super) struct OpenBody<'b, 'r, 'p> {
    pub(super) reader: &'b mut BodyReader<'r>,
    pub(super) path: &'p Path<'p>,
    pub(super) before: Checkpoint,
    pub(super) nesting: usize,
    mode: Mode,
    kind: Span,
    event: Span,
    records: Member,
    message: Member,
    /// The fields of an EventBridge event.
    pub(super) spans: Spans,
}

/// A member that holds records or another body.
enum Member {
    Absent,
    /// In silent mode, it is read at once.
    Read(Scanned<()>),
    /// In explaining mode, it is read when the whole body is known, because a duplicate may replace
    /// it and another member may make it irrelevant.
    At(Span),
}

impl Member {
    fn at(span: Span) -> Self {
        if span.is_empty() {
            Self::Absent
        } else {
            Self::At(span)
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum BodyMember {
    Records,
    Type,
    Message,
    Event,
    EventBridge(Field),
}

/// The member of S3, those of SNS, that of a test notification, and those of EventBridge.
pub(super) const MEMBERS: [(&str, BodyMember); 4 + EVENTBRIDGE_MEMBERS.len()] = {
    let mut members = [("Records", BodyMember::Records); 4 + EVENTBRIDGE_MEMBERS.len()];
    members[1] = ("Type", BodyMember::Type);
    members[2] = ("Message", BodyMember::Message);
    members[3] = ("Event", BodyMember::Event);
    let mut index = 0;

    while index < EVENTBRIDGE_MEMBERS.len() {
        let (name, field) = EVENTBRIDGE_MEMBERS[index];
        members[4 + index] = (name, BodyMember::EventBridge(field));
        index += 1;
    }

    members
};

type Confirmation = fn(TopicArn) -> OtherMessage;

/// The types of SNS messages that carry no notification ("Parsing Amazon SNS message formats",
/// Amazon SNS Developer Guide, 2026).
const SNS_CONFIRMATIONS: [(&str, Confirmation); 2] = [
    (
        "SubscriptionConfirmation",
        OtherMessage::SubscriptionConfirmation,
    ),
    (
        "UnsubscribeConfirmation",
        OtherMessage::UnsubscribeConfirmation,
    ),
];

const EVENTBRIDGE_MEMBERS: &[(&str, Field)] = Form::EventBridge.fields_of(Slot::root);

impl<'b, 'r, 'p> OpenBody<'b, 'r, 'p> {
    pub(super) fn new(
        reader: &'b mut BodyReader<'r>,
        path: &'p Path<'p>,
        before: Checkpoint,
        nesting: usize,
        mode: Mode,
    ) -> Self {
        Self {
            reader,
            path,
            before,
            nesting,
            mode,
            kind: Span::default(),
            event: Span::default(),
            records: Member::Absent,
            message: Member::Absent,
            spans: Spans::default(),
        }
    }

    pub(super) fn read<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
        member: BodyMember,
    ) -> Scanned<()> {
        match member {
            BodyMember::Type => self.kind = scanner.value(Read::TextOrRaw)?,
            BodyMember::Event => self.event = scanner.value(Read::TextOrSkip)?,
            BodyMember::EventBridge(field) => {
                record::read_field(scanner, Form::EventBridge, field, &mut self.spans)?;
            }
            BodyMember::Records if self.mode == Mode::Explaining => {
                self.records = Member::at(scanner.value(Read::Raw)?);
            }
            BodyMember::Message if self.mode == Mode::Explaining => {
                self.message = Member::at(scanner.value(Read::Raw)?);
            }
            BodyMember::Records => self.read_records(scanner)?,
            BodyMember::Message => self.read_message(scanner)?,
        }

        Ok(())
    }

    /// Reads the records in silent mode. Those of a duplicate are forgotten, and any message.
    fn read_records<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
    ) -> Scanned<()> {
        self.reader.take_back(self.before);
        let reader = &mut *self.reader;

        scanner.array(|scanner| record::read_record(scanner, |record| reader.push(record)))?;

        // An empty list is a notification too.
        reader.envelopes = reader.envelopes.and(Envelope::S3);
        self.records = Member::Read(Ok(()));

        Ok(())
    }

    /// Reads the content of an SNS message in silent mode. Another member tells whether it is one.
    fn read_message<const LEVEL: usize>(
        &mut self,
        scanner: &mut Scanner<'_, LEVEL>,
    ) -> Scanned<()> {
        if let Member::Read(_) = self.records {
            return scanner.skip();
        }

        self.reader.take_back(self.before);
        if scanner.peek() == b'n' {
            self.message = Member::Absent;
            return scanner.literal(b"null");
        }

        let outside = scanner.rest();
        let read = self.read_sns(scanner);

        if read.is_err() {
            scanner.go_back_to(outside);
            scanner.skip()?;
        }

        self.message = Member::Read(read);
        Ok(())
    }

    fn read_sns<const LEVEL: usize>(&mut self, scanner: &mut Scanner<'_, LEVEL>) -> Scanned<()> {
        let (source, nesting) = (scanner.source, self.nesting + 1);
        if nesting > Envelopes::MAX_NESTING {
            return Err(GiveUp::Other);
        }

        let outside = scanner.rest();
        let start = scanner.enter_string()?;
        self.reader.envelopes = self.reader.envelopes.and(Envelope::Sns);
        let before = self.reader.checkpoint();

        let end = match LEVEL {
            0 => self.reader.read_silently::<1>(source, start, nesting),
            1 => self.reader.read_silently::<2>(source, start, nesting),
            _ => Err(GiveUp::Escapes),
        };

        match end {
            Ok(end) => scanner.leave_string(end - start),
            // Escapes in the way cost only this document a copy.
            Err(GiveUp::Escapes) if LEVEL == 0 => {
                self.reader.take_back(before);
                scanner.go_back_to(outside);
                let message = scanner.detached_text().ok_or(GiveUp::Other)?;

                self.reader
                    .read_all_silently(&Source::from(message), nesting)
            }
            Err(give_up) => Err(give_up),
        }
    }

    /// Decides what the body is, now that all its members are known.
    pub(super) fn finish<const LEVEL: usize>(
        mut self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        match self.records {
            Member::Read(read) => return Ok(read.map(|()| Body::Records)?),
            Member::At(records) => return self.explain_records(&scanner.at(records.start())),
            Member::Absent => {}
        }

        let texts = scanner.texts()?;
        if self.says(self.event, "Event", "s3:TestEvent", &texts)? {
            return self.finish_test(scanner);
        }

        if self.says(self.kind, "Type", "Notification", &texts)? {
            match self.message {
                Member::Read(read) => return Ok(read.map(|()| Body::Records)?),
                Member::At(message) => return self.explain_sns(&scanner.at(message.start())),
                Member::Absent => {}
            }
        }

        for (kind, other) in SNS_CONFIRMATIONS {
            if self.says(self.kind, "Type", kind, &texts)? {
                return self.finish_confirmation(scanner, other);
            }
        }

        self.reader.take_back(self.before);
        let source = self.spans[Slot::event_source];

        if self.says(source, "source", "aws.s3", &texts)? && self.spans.has(Slot::detail) {
            return self.finish_event(scanner);
        }

        match self.mode {
            Mode::Silent => Err(Refusal::GiveUp(GiveUp::Other)),
            Mode::Explaining => self.explain_request_payload(scanner),
        }
    }

    /// Reads a confirmation of SNS in explaining mode.
    fn finish_confirmation<const LEVEL: usize>(
        self,
        scanner: &Scanner<'_, LEVEL>,
        other: Confirmation,
    ) -> Result<Body, Refusal> {
        if self.mode == Mode::Silent {
            return Err(Refusal::GiveUp(GiveUp::Other));
        }

        let mut scanner = scanner.at(self.spans[Slot::root].start());
        let mut topic = Span::default();
        scanner.fields(&[("TopicArn", ())], |scanner, ()| {
            topic = scanner.value(Read::TextOrSkip)?;
            Ok(())
        })?;

        match topic.text(&scanner.texts()?) {
            Ok(Some(topic)) => {
                self.reader.envelopes = self.reader.envelopes.and(Envelope::Sns);
                Ok(Body::Other(other(TopicArn::from_text(topic))))
            }
            _ => Err(self.refuse(not_an_s3_event)),
        }
    }

    /// Whether a member is a certain string.
    fn says(
        &self,
        span: Span,
        name: &str,
        wanted: &str,
        texts: &Texts<'_>,
    ) -> Result<bool, Refusal> {
        if span.is_wrong_type() {
            return Ok(false);
        }

        match span.content(texts) {
            Ok(content) => Ok(content == wanted),
            Err(_) => Err(self.refuse(|path| lone_surrogate(&Path::Member(path, name)))),
        }
    }

    pub(super) fn refuse(&self, explain: impl FnOnce(&Path<'_>) -> Error) -> Refusal {
        match self.mode {
            Mode::Silent => Refusal::GiveUp(GiveUp::Other),
            Mode::Explaining => Refusal::Mistake(explain(self.path)),
        }
    }

    fn finish_test<const LEVEL: usize>(
        self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        if self.mode == Mode::Silent {
            return Err(Refusal::GiveUp(GiveUp::Other));
        }

        self.reader.envelopes = self.reader.envelopes.and(Envelope::S3);
        let mut scanner = scanner.at(self.spans[Slot::root].start());
        let test = read_test_event(&mut scanner, self.path).map_err(Refusal::Mistake)?;

        Ok(Body::Test(Box::new(test)))
    }

    fn finish_event<const LEVEL: usize>(
        self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        self.reader.envelopes = self.reader.envelopes.and(Envelope::EventBridge);
        let fields = record::fields(scanner, &self.spans, Form::EventBridge)?;

        if let Some(detail_type) = fields.cloud_trail() {
            return match self.mode {
                Mode::Silent => Err(Refusal::GiveUp(GiveUp::Other)),
                Mode::Explaining => Ok(Body::Other(OtherMessage::CloudTrail(detail_type))),
            };
        }

        let built = record::build(&fields, |record| self.reader.push(record));
        built.map_err(|fault| self.refuse(|path| fields.explain(fault, path)))?;

        Ok(Body::Records)
    }

    fn explain_sns<const LEVEL: usize>(
        self,
        scanner: &Scanner<'_, LEVEL>,
    ) -> Result<Body, Refusal> {
        self.reader.envelopes = self.reader.envelopes.and(Envelope::Sns);
        let path = Path::Member(self.path, "Message");
        let mut scanner = Scanner::<0>::new(scanner.source, scanner.position(), self.mode);
        let read = self
            .reader
            .explain_message(&mut scanner, &path, self.nesting + 1);

        read.map_err(Refusal::Mistake)
    }
}
