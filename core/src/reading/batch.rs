//! Reads the batches that SQS and SNS send to a Lambda function.

use std::convert::Infallible;

use super::body::BodyReader;
use super::json::{GiveUp, Mode, Path, Read, Scanned, Scanner, Source, Span};
use super::message::{LAMBDA_NAMES, MessageNames, SQS_NAMES, read_message};
use super::mistake::{Refusal, lone_surrogate, missing, not_an_array, not_an_object};
use crate::delivery::{Delivery, Envelope, Envelopes, Message, MessageId};
use crate::text::FromText;
use crate::{Error, ErrorKind, MessageContext};

/// A message that is shorter than this, with its attributes, holds no record. If there are more
/// messages than this lets expect, room is made as they come.
const MIN_MESSAGE_LEN: usize = 600;

const RECORDS: &[(&str, ())] = &[("Records", ())];

/// Reads an SQS batch in silent mode. A body with a mistake costs only its message.
pub(super) fn read_sqs_batch(source: &Source) -> Scanned<Delivery> {
    let mut delivery = None;

    Scanner::<0>::new(source, 0, Mode::Silent).document(|scanner| {
        scanner.fields(RECORDS, |scanner, ()| {
            // Of duplicates, the last counts.
            let delivery = delivery.insert(Delivery::new(Envelope::Sqs));
            read_sqs_messages(scanner, delivery)
        })
    })?;

    delivery.ok_or(GiveUp::Other)
}

fn read_sqs_messages(scanner: &mut Scanner<'_, 0>, delivery: &mut Delivery) -> Scanned<()> {
    let records = Path::Member(&Path::Root, "Records");

    scanner.array(|scanner| {
        let start = scanner.position();
        let path = Path::Index(&records, delivery.messages().len());
        match read_message(scanner, delivery, &path, &LAMBDA_NAMES, Mode::Silent) {
            Ok(()) => {}
            Err(Refusal::GiveUp(give_up)) => return Err(give_up),
            Err(Refusal::Mistake(_)) => return Err(GiveUp::Other),
        }

        if delivery.messages().len() == 1 {
            let len = (scanner.position() - start).max(MIN_MESSAGE_LEN);
            delivery.make_room(scanner.rest().len() / len);
        }

        Ok(())
    })
}

/// Reads a batch in explaining mode, in any form. Returns `None` when the payload is not a batch.
pub(super) fn explain_batch(
    scanner: &Scanner<'_, 0>,
    path: &Path<'_>,
    bodies: Mode,
) -> Result<Option<Delivery>, Error> {
    if scanner.peek() == b'[' {
        // EventBridge Pipes sends the messages of a queue without an object around them.
        return explain_elements(scanner, path, bodies);
    }

    if scanner.peek() != b'{' {
        return Ok(None);
    }

    let mut spans = [Span::default(); BATCH_MEMBERS.len()];
    let members = scanner
        .at(scanner.position())
        .fields(BATCH_MEMBERS, |scanner, index| {
            spans[index] = scanner.value(Read::Raw)?;
            Ok(())
        });
    members.map_err(|_| lone_surrogate(path))?;

    let [records, messages, request_payload] = spans;
    let at = |span: Span, index: usize| {
        (
            scanner.at(span.start()),
            Path::Member(path, BATCH_MEMBERS[index].0),
        )
    };

    if !records.is_empty() {
        let (scanner, path) = at(records, 0);
        if scanner.peek() != b'[' {
            return Err(not_an_array(&path));
        }

        return explain_elements(&scanner, &path, bodies);
    }

    if !messages.is_empty() {
        let (scanner, path) = at(messages, 1);
        if scanner.peek() != b'[' {
            return Err(not_an_array(&path));
        }

        return explain_messages(&scanner, &path, &SQS_NAMES, bodies).map(Some);
    }

    if !request_payload.is_empty() {
        let (scanner, path) = at(request_payload, 2);
        return explain_batch(&scanner, &path, bodies);
    }

    Ok(None)
}

/// What holds a batch: an event of Lambda, the answer of SQS, and the record that Lambda sends to a
/// destination ("Capturing records of Lambda asynchronous invocations", AWS Lambda Developer Guide,
/// 2026).
const BATCH_MEMBERS: &[(&str, usize)] = &[("Records", 0), ("Messages", 1), ("requestPayload", 2)];

/// Reads the elements of a batch. Returns `None` when they are S3's own records.
fn explain_elements(
    scanner: &Scanner<'_, 0>,
    path: &Path<'_>,
    bodies: Mode,
) -> Result<Option<Delivery>, Error> {
    let elements = Elements::of(scanner, path);
    if elements.len == 0 {
        let is_batch = !matches!(path, Path::Root);
        return Ok(is_batch.then(|| Delivery::new(Envelope::Sqs)));
    }

    let Some(envelope) = elements.envelope else {
        return Ok(None);
    };

    if let Some(stray) = elements.stray {
        return Err(stray);
    }

    if envelope == Envelope::Sqs {
        return explain_messages(scanner, path, &LAMBDA_NAMES, bodies).map(Some);
    }

    let mut delivery = Delivery::new(envelope);
    delivery.make_room(elements.len);

    let Ok(()) = each_element(scanner, |index, scanner| {
        explain_sns_record(&scanner, &mut delivery, &Path::Index(path, index), bodies);
        Ok::<_, Infallible>(())
    });

    Ok(Some(delivery))
}

/// Reads messages of SQS.
fn explain_messages(
    scanner: &Scanner<'_, 0>,
    path: &Path<'_>,
    names: &'static MessageNames,
    bodies: Mode,
) -> Result<Delivery, Error> {
    let mut delivery = Delivery::new(Envelope::Sqs);

    each_element(scanner, |index, mut scanner| {
        let path = Path::Index(path, index);
        if scanner.peek() != b'{' {
            return Err(not_a_message(&path));
        }

        match read_message(&mut scanner, &mut delivery, &path, names, bodies) {
            Ok(()) => Ok(()),
            Err(Refusal::Mistake(error)) => Err(error),
            Err(Refusal::GiveUp(_)) => Err(lone_surrogate(&path)),
        }
    })?;

    Ok(delivery)
}

fn not_a_message(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected a message").at(path)
}

/// What the elements of `Records` have in common.
struct Elements {
    len: usize,
    /// The envelope of a batch, or `None` when these are S3's own records.
    envelope: Option<Envelope>,
    /// An element that cannot be a message.
    stray: Option<Error>,
}

impl Elements {
    fn of(scanner: &Scanner<'_, 0>, path: &Path<'_>) -> Self {
        let mut elements = Self {
            len: 0,
            envelope: None,
            stray: None,
        };

        let Ok(()) = each_element(scanner, |index, scanner| {
            elements.len += 1;

            if scanner.peek() != b'{' {
                let path = Path::Index(path, index);
                elements.stray.get_or_insert_with(|| not_a_message(&path));
            } else if elements.envelope.is_none() {
                // An element that hides its members does not decide about the others.
                elements.envelope = envelope_of(scanner).unwrap_or_default();
            }

            Ok::<_, Infallible>(())
        });

        elements
    }
}

/// Calls `read` with a scanner at each element of an array, until the first error.
pub(super) fn each_element<'d, E>(
    scanner: &Scanner<'d, 0>,
    mut read: impl FnMut(usize, Scanner<'d, 0>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut result, mut index) = (Ok(()), 0);

    let array = scanner.at(scanner.position()).array(|scanner| {
        let element = scanner.raw()?;
        if result.is_ok() {
            result = read(index, scanner.at(element.start()));
        }

        index += 1;
        Ok(())
    });
    array.expect("the syntax is checked");

    result
}

/// The batch that an element belongs to, judged without the message id, so that a message that
/// lacks it is still recognized.
fn envelope_of(mut scanner: Scanner<'_, 0>) -> Scanned<Option<Envelope>> {
    const NAMES: &[(&str, usize)] = &[
        ("s3", 0),
        ("Sns", 1),
        ("messageId", 2),
        ("receiptHandle", 3),
        ("body", 4),
        ("eventSource", 5),
    ];

    let mut spans = [Span::default(); NAMES.len()];
    scanner.fields(NAMES, |scanner, index| {
        let read = if index == 5 {
            Read::TextOrSkip
        } else {
            Read::Raw
        };
        spans[index] = scanner.value(read)?;
        Ok(())
    })?;

    let has = |index: usize| !spans[index].is_empty();
    let is_from_sqs = spans[5].content(&scanner.texts()?)? == "aws:sqs";
    let looks_like_a_message = has(2) || has(3) || has(4);

    Ok(if is_from_sqs || (looks_like_a_message && !has(0)) {
        Some(Envelope::Sqs)
    } else if has(1) {
        Some(Envelope::Sns)
    } else {
        None
    })
}

/// Reads an entry of an SNS batch.
fn explain_sns_record(
    scanner: &Scanner<'_, 0>,
    delivery: &mut Delivery,
    path: &Path<'_>,
    bodies: Mode,
) {
    let mut context = MessageContext::new();
    let envelopes = Envelopes::default().and(Envelope::Sns);
    let mut reader = BodyReader::new(delivery.records_and_keys(), envelopes, bodies);

    let read = member(scanner, "Sns", path).and_then(|sns| {
        let path = Path::Member(path, "Sns");
        if sns.peek() != b'{' {
            return Err(not_an_object(&path));
        }

        context.message_id = message_id(&sns);
        let mut message = member(&sns, "Message", &path)?;
        reader.explain_message(&mut message, &Path::Member(&path, "Message"), 1)
    });

    let opened = reader.finish(read);
    delivery.push(Message::new(context, opened));
}

/// A scanner at a member that must be present.
fn member<'d>(
    scanner: &Scanner<'d, 0>,
    name: &'static str,
    path: &Path<'_>,
) -> Result<Scanner<'d, 0>, Error> {
    let member = scanner.member(name).map_err(|_| lone_surrogate(path))?;
    member.ok_or_else(|| missing(&Path::Member(path, name)))
}

/// The id of an SNS message. What cannot be read is left out.
fn message_id(sns: &Scanner<'_, 0>) -> Option<MessageId> {
    let mut sns = sns.at(sns.position());
    let mut id = Span::default();
    sns.fields(&[("MessageId", ())], |scanner, ()| {
        id = scanner.value(Read::TextOrSkip)?;
        Ok(())
    })
    .ok()?;

    id.text(&sns.texts().ok()?).ok()?.map(MessageId::from_text)
}
