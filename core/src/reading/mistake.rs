//! The errors of reading: what is wrong with a value, and where.

use super::json::{GiveUp, Path, Span};
use crate::{Error, ErrorKind};

/// Why something was not read.
pub(super) enum Refusal {
    /// In silent mode, which does not say more.
    GiveUp(GiveUp),
    /// In explaining mode.
    Mistake(Error),
}

impl From<GiveUp> for Refusal {
    fn from(give_up: GiveUp) -> Self {
        Self::GiveUp(give_up)
    }
}

pub(super) fn not_an_s3_event(path: &Path<'_>) -> Error {
    // A batch is a payload, and never what one of its messages holds.
    let message = match path {
        Path::Root => {
            "expected an S3 notification, a test notification, an SNS message, an EventBridge \
             event or a batch of SQS messages"
        }
        _ => {
            "expected an S3 notification, a test notification, an SNS message or an EventBridge \
             event"
        }
    };
    Error::new(ErrorKind::NotAnS3Event, message).at(path)
}

pub(super) fn lone_surrogate(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidJson, "a string has a lone surrogate").at(path)
}

pub(super) fn not_a_string(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected a string").at(path)
}

/// The error of a value that is not a text.
pub(super) fn not_a_text(value: Span, path: &Path<'_>) -> Error {
    if value.is_wrong_type() {
        not_a_string(path)
    } else {
        lone_surrogate(path)
    }
}

pub(super) fn not_a_number(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected a whole number").at(path)
}

pub(super) fn not_a_flag(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected `true` or `false`").at(path)
}

pub(super) fn not_an_object(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected an object").at(path)
}

pub(super) fn not_an_array(path: &Path<'_>) -> Error {
    Error::new(ErrorKind::InvalidField, "expected an array").at(path)
}

pub(super) fn missing(path: &Path<'_>) -> Error {
    Error::new(
        ErrorKind::MissingField,
        "a required field is absent or empty",
    )
    .at(path)
}

pub(super) fn missing_message_id(message: &Path<'_>, name: &str) -> Error {
    let path = Path::Member(message, name);
    Error::new(ErrorKind::MissingMessageId, "an SQS message has no id").at(path)
}

pub(super) fn repeated_task_id(path: &Path<'_>) -> Error {
    Error::new(
        ErrorKind::InvalidField,
        "two tasks of a batch job have the same id",
    )
    .at(path)
}

pub(super) fn missing_body(message: &Path<'_>, name: &str) -> Error {
    let path = Path::Member(message, name);
    Error::new(ErrorKind::MissingField, "an SQS message has no body").at(path)
}
