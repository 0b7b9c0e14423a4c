//! The characters that messages can have.

use crate::sqs::endpoint::error::{ErrorCode, SqsError};

/// Checks that a text has only the characters that SQS allows, which are those of XML 1.0
/// (`SendMessage`, Amazon SQS API Reference, 2026).
pub(super) fn check_characters(text: &str) -> Result<(), SqsError> {
    let is_allowed = |char: char| match char {
        '\t' | '\n' | '\r' => true,
        _ => char >= ' ' && char != '\u{fffe}' && char != '\u{ffff}',
    };

    if text.chars().all(is_allowed) {
        return Ok(());
    }

    let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 \
                   to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
    Err(SqsError::new(ErrorCode::InvalidMessageContents, message))
}
