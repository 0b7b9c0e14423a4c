//! The fast reading: one pass over the payload, forwards, without a tree.
//!
//! A general JSON parser spends more on skipping the document around the bodies than this reading
//! on all of it. Two facts make that possible. The body of an SQS message is JSON that was escaped
//! once more: between two `\"` its texts stand in the payload as they are, so that a value is a
//! slice of the payload and nothing is copied. And AWS writes the fields of an object in one order:
//! the next name is compared with the one that is due, and looked up only when it is another.
//!
//! It reads S3's notifications and EventBridge's events in SQS batches, in SNS messages and by
//! themselves, in whatever order and with whatever whitespace. Anything else is [`Unusual`]:
//! mistakes of every kind, test notifications. It is left to the plain reading
//! ([`json`](crate::reading::json), [`body`](crate::reading::body), [`s3_record`](crate::reading::s3_record)), which says what
//! the same bytes hold or what is wrong with them; a body with escapes that are not its own is
//! unescaped first and then scanned as a document. So this reading needs neither errors nor paths.
//! It must never accept what the plain one refuses, nor read it differently.

mod span;
mod scanner;
mod event_data;
mod object;
mod s3_record;
mod eventbridge;
mod body;
mod sqs_batch;

pub(crate) use body::read_document;
pub(crate) use scanner::{Scanned, Unusual};
pub(crate) use sqs_batch::read_sqs_batch;

use scanner::{Field, Scanner};
use span::Span;
