//! What S3's XML has and that of `s3s` does not: references to characters, and the ids and texts of
//! errors.

use http::{Response, header};
use s3s::Body;

use super::messages::message;
use super::request_ids::RequestIds;

/// The end of every error.
const ERROR_END: &str = "</Error>";

const CODE_END: &str = "</Code>";

/// Completes the XML of an answer. Other answers stay as they are.
pub(super) fn complete(response: &mut Response<Body>, ids: &RequestIds) {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if content_type.is_none_or(|content_type| content_type != "application/xml") {
        return;
    }
    // An object may have this type. Its body is not in memory, unless it is empty.
    let is_error = !response.status().is_success();
    let bytes = response.body().bytes().unwrap_or_default();
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return;
    };

    let mut completed = with_references(text);
    if is_error && completed.ends_with(ERROR_END) {
        explain(&mut completed);
        let end = completed.len() - ERROR_END.len();
        completed.insert_str(end, &ids.xml());
    }

    if completed != text {
        *response.body_mut() = Body::from(completed);
    }
}

/// Adds the text that S3 has for an error, if the error has none.
fn explain(error: &mut String) {
    if error.contains("<Message>") {
        return;
    }

    let code = error.split_once("<Code>").map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split_once(CODE_END));
    if let Some((code, rest)) = code
        && let Some(text) = message(code)
    {
        let place = error.len() - rest.len();
        error.insert_str(place, &format!("<Message>{text}</Message>"));
    }
}

/// Writes each character that a reader of XML 1.0 does not take as it stands as a reference, as S3
/// does: `&#x1;`. Most readers refuse the reference too, except that to a carriage return; clients
/// ask for `encoding-type=url` ("Naming Amazon S3 objects", Amazon S3 User Guide, 2026).
fn with_references(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == '\r' || !is_xml(letter) {
            written += &format!("&#x{:X};", u32::from(letter));
        } else {
            written.push(letter);
        }
    }

    written
}

/// Whether an XML 1.0 document can hold a character ("Characters", Extensible Markup Language 1.0).
pub(in crate::s3) fn is_xml(letter: char) -> bool {
    match letter {
        '\t' | '\n' | '\r' => true,
        '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}
