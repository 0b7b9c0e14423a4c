//! Handlers with structs of only the needed fields, for `serde_json` and `sonic-rs`.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// A JSON library, and the type of its strings.
pub(crate) trait Reader {
    type Text<'t>: AsRef<str> + Deserialize<'t>;

    fn event(payload: &[u8]) -> Option<Event<Self::Text<'_>>>;
    fn notification(body: &str) -> Option<Notification<Self::Text<'_>>>;
}

/// `serde_json` with strings that are borrowed if they have no escapes.
pub(crate) struct Borrowing;
/// `serde_json` with owned strings.
pub(crate) struct Owning;
/// `sonic-rs` with strings that are borrowed if they have no escapes.
pub(crate) struct Sonic;

/// The string type of [`Borrowing`] and [`Sonic`].
#[derive(Deserialize)]
pub(crate) struct Borrowed<'t>(#[serde(borrow)] Cow<'t, str>);

#[derive(Deserialize)]
pub(crate) struct Event<T> {
    #[serde(rename = "Records")]
    records: Vec<Message<T>>,
}

#[derive(Deserialize)]
struct Message<T> {
    #[serde(rename = "messageId")]
    id: T,
    body: T,
}

#[derive(Deserialize)]
pub(crate) struct Notification<T> {
    #[serde(rename = "Records")]
    records: Option<Vec<Record<T>>>,
    #[serde(rename = "Event")]
    event: Option<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<T> {
    event_name: T,
    s3: S3<T>,
}

#[derive(Deserialize)]
struct S3<T> {
    bucket: Bucket<T>,
    object: Object<T>,
}

#[derive(Deserialize)]
struct Bucket<T> {
    name: T,
}

#[derive(Deserialize)]
struct Object<T> {
    key: T,
    size: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'m> {
    batch_item_failures: Vec<Failure<'m>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure<'m> {
    item_identifier: &'m str,
}

/// Answers a payload, or rejects the whole payload.
pub(crate) fn respond<R: Reader>(payload: &Bytes) -> Option<Vec<u8>> {
    let event = R::event(payload)?;
    let mut batch_item_failures = Vec::new();

    for message in &event.records {
        let item_identifier = Some(message.id.as_ref()).filter(|id| !id.is_empty())?;
        if handle_body::<R>(message.body.as_ref()).is_none() {
            batch_item_failures.push(Failure { item_identifier });
        }
    }

    serde_json::to_vec(&Response {
        batch_item_failures,
    })
    .ok()
}

fn handle_body<R: Reader>(body: &str) -> Option<()> {
    let notification = R::notification(body)?;
    match &notification.records {
        Some(records) => records.iter().for_each(handle_record),
        None => {
            return notification
                .event
                .filter(|event| event.as_ref() == "s3:TestEvent")
                .map(drop);
        }
    }

    Some(())
}

fn handle_record<T: AsRef<str>>(record: &Record<T>) {
    let event_name = record.event_name.as_ref();
    match event_name.strip_prefix("s3:").unwrap_or(event_name) {
        "ObjectCreated:Put" | "ObjectCreated:CompleteMultipartUpload" => {
            let object = &record.s3.object;
            reading::take_note(
                record.s3.bucket.name.as_ref(),
                &decode(object.key.as_ref()),
                object.size.unwrap_or(0),
            );
        }
        _ => {}
    }
}

/// Decodes a key, at no cost if nothing is encoded.
pub(crate) fn decode(key: &str) -> Cow<'_, str> {
    if !key.contains(['%', '+']) {
        return Cow::Borrowed(key);
    }

    match percent_decode_str(&key.replace('+', " ")).decode_utf8() {
        Ok(decoded) => Cow::Owned(decoded.into_owned()),
        Err(_) => Cow::Borrowed(key),
    }
}

impl AsRef<str> for Borrowed<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Reader for Borrowing {
    type Text<'t> = Borrowed<'t>;

    fn event(payload: &[u8]) -> Option<Event<Borrowed<'_>>> {
        serde_json::from_slice(payload).ok()
    }

    fn notification(body: &str) -> Option<Notification<Borrowed<'_>>> {
        serde_json::from_str(body).ok()
    }
}

impl Reader for Owning {
    type Text<'t> = String;

    fn event(payload: &[u8]) -> Option<Event<String>> {
        serde_json::from_slice(payload).ok()
    }

    fn notification(body: &str) -> Option<Notification<String>> {
        serde_json::from_str(body).ok()
    }
}

impl Reader for Sonic {
    type Text<'t> = Borrowed<'t>;

    fn event(payload: &[u8]) -> Option<Event<Borrowed<'_>>> {
        sonic_rs::from_slice(payload).ok()
    }

    fn notification(body: &str) -> Option<Notification<Borrowed<'_>>> {
        sonic_rs::from_str(body).ok()
    }
}
