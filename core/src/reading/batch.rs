//! Reads the batches that SQS and SNS send to a Lambda function.

use super::body::BodyReader;
use super::json::{GiveUp, Mode, Path, Read, Scanned, Scanner, Source, Span};
use super::message::read_message;
use super::mistake::{Refusal, lone_surrogate, missing, not_an_array};
use crate::delivery::{Delivery, Envelope, Envelopes, MessageId};
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
        match read_message(scanner, delivery, &path, Mode::Silent) {
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

/// Reads a batch in explaining mode. Returns `None` when the payload is not a batch.
pub(super) fn explain_batch(
    scanner: &Scanner<'_, 0>,
    bodies: Mode,
) -> Result<Option<Delivery>, Error> {
    let mut records = Span::default();
    let root = scanner
        .at(scanner.position())
        .fields(RECORDS, |scanner, ()| {
            records = scanner.value(Read::Raw)?;
            Ok(())
        });
    root.map_err(|_| lone_surrogate(&Path::Root))?;

    if records.is_empty() {
        return Ok(None);
    }

    let path = Path::Member(&Path::Root, "Records");
    let scanner = scanner.at(records.start());
    if scanner.peek() != b'[' {
        return Err(not_an_array(&path));
    }

    let elements = Elements::of(&scanner, &path);
    if elements.len == 0 {
        return Ok(Some(Delivery::new(Envelope::Sqs)));
    }

    let Some(envelope) = elements.envelope else {
        return Ok(None);
    };

    if let Some(stray) = elements.stray {
        return Err(stray);
    }

    let mut delivery = Delivery::new(envelope);
    delivery.make_room(elements.len);

    each_element(&scanner, |index, mut scanner| {
        let path = Path::Index(&path, index);

        if envelope == Envelope::Sns {
            explain_sns_record(&scanner, &mut delivery, &path, bodies);
            return Ok(());
        }

        match read_message(&mut scanner, &mut delivery, &path, bodies) {
            Ok(()) => Ok(()),
            Err(Refusal::Mistake(error)) => Err(error),
            Err(Refusal::GiveUp(_)) => Err(lone_surrogate(&path)),
        }
    })?;

    Ok(Some(delivery))
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
                elements.stray.get_or_insert_with(|| {
                    Error::new(ErrorKind::InvalidField, "expected a message").at(path)
                });
            } else if elements.envelope.is_none() {
                // An element that hides its members does not decide about the others.
                elements.envelope = envelope_of(scanner).unwrap_or_default();
            }

            Ok::<_, std::convert::Infallible>(())
        });

        elements
    }
}

/// Calls `read` with a scanner at each element of an array, until the first error.
fn each_element<'d, E>(
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
    let mut reader = BodyReader::new(delivery.records_mut(), envelopes, bodies);

    let read = member(scanner, "Sns", path).and_then(|sns| {
        let path = Path::Member(path, "Sns");
        if sns.peek() != b'{' {
            return Err(Error::new(ErrorKind::InvalidField, "expected an object").at(path));
        }

        context.message_id = message_id(&sns);
        let mut message = member(&sns, "Message", &path)?;
        reader.explain_message(&mut message, &Path::Member(&path, "Message"), 1)
    });

    let message = reader.into_message(read);
    delivery.push(message.with_context(context));
}

/// A scanner at a member that must be present.
fn member<'d>(
    scanner: &Scanner<'d, 0>,
    name: &'static str,
    path: &Path<'_>,
) -> Result<Scanner<'d, 0>, Error> {
    let mut value = Span::default();
    let read = scanner
        .at(scanner.position())
        .fields(&[(name, ())], |scanner, ()| {
            value = scanner.value(Read::Raw)?;
            Ok(())
        });
    read.map_err(|_| lone_surrogate(path))?;

    if value.is_empty() {
        Err(missing(&Path::Member(path, name)))
    } else {
        Ok(scanner.at(value.start()))
    }
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
