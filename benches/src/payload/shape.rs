//! The different ways to write the same notifications.

use s3_dispatch_testing::{NotificationBuilder, SnsMessageBuilder, SqsBatchBuilder};

use super::json::{Escapes, Json, Style};
use super::objects::{message_id, objects, record};
use super::rewrite::{
    foreign_members, key_as_number, minio, nested_member, repeated, reversed, size_as_text,
    unknown_members, with_first, with_rare_members, without_key,
};

/// The way a batch is written: as AWS documents it, in another way that JSON allows, or with a
/// mistake in every message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// As S3 and SQS write it.
    Documented,
    /// All members in reverse order.
    Reordered,
    /// With spaces and line breaks.
    Spaced,
    /// Bodies with unnecessary escapes, such as `\/` and `\u0041`.
    Escaped,
    /// Bodies in which every character of names and strings is escaped.
    EscapedThroughout,
    /// Messages in which the quotation marks of the body are written as `\u0022`.
    EscapedQuotes,
    /// Bodies in which each member occurs twice, the first time with another value.
    Repeated,
    /// Bodies with many unknown members.
    Unknown,
    /// Bodies with members of test notifications and SNS messages.
    Foreign,
    /// Bodies with the extra data of every event.
    Rare,
    /// Bodies with nested arrays before the members that are read.
    Nested,
    /// Bodies that nest as deeply as is allowed.
    Deep,
    /// From SNS without raw delivery.
    Wrapped,
    /// As MinIO writes them.
    MinIo,
    /// With sizes as strings, as Scality writes them.
    SizeAsText,
    /// Bodies that are not JSON.
    Prose,
    /// Bodies that end in the middle.
    CutOff,
    /// Bodies of another program.
    Unrelated,
    /// Records without a key.
    NoKey,
    /// Records whose key is a number.
    KeyAsNumber,
    /// Records whose key has half of a surrogate pair.
    LoneSurrogate,
}

/// The body of a message that another program has sent.
const ORDER: &str = concat!(
    r#"{"orderId":"4f1c1f3e-9a57-4f0e-8f0b-8f3f6d0a9b21","placedAt":"2026-04-07T14:30:00Z","#,
    r#""customer":{"id":81724,"name":"Erika Mustermann","email":"erika@example.com"},"#,
    r#""items":[{"sku":"A-1002","quantity":2,"price":19.99},{"sku":"B-7","quantity":1,"#,
    r#""price":249.0}],"total":288.98,"currency":"EUR","isGift":false,"note":null}"#,
);

impl Shape {
    /// Every shape without mistakes, the documented one first.
    pub const ALL: [Self; 15] = [
        Self::Documented,
        Self::Reordered,
        Self::Spaced,
        Self::Escaped,
        Self::EscapedThroughout,
        Self::EscapedQuotes,
        Self::Repeated,
        Self::Unknown,
        Self::Foreign,
        Self::Rare,
        Self::Nested,
        Self::Deep,
        Self::Wrapped,
        Self::MinIo,
        Self::SizeAsText,
    ];

    /// The shapes with a mistake in every message.
    pub const MISTAKES: [Self; 6] = [
        Self::Prose,
        Self::CutOff,
        Self::Unrelated,
        Self::NoKey,
        Self::KeyAsNumber,
        Self::LoneSurrogate,
    ];

    /// The name in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Reordered => "reordered",
            Self::Spaced => "spaced",
            Self::Escaped => "escaped",
            Self::EscapedThroughout => "escaped-throughout",
            Self::EscapedQuotes => "escaped-quotes",
            Self::Repeated => "repeated",
            Self::Unknown => "unknown",
            Self::Foreign => "foreign",
            Self::Rare => "rare",
            Self::Nested => "nested",
            Self::Deep => "deep",
            Self::Wrapped => "wrapped",
            Self::MinIo => "minio",
            Self::SizeAsText => "size-as-text",
            Self::Prose => "prose",
            Self::CutOff => "cut-off",
            Self::Unrelated => "unrelated",
            Self::NoKey => "no-key",
            Self::KeyAsNumber => "key-as-number",
            Self::LoneSurrogate => "lone-surrogate",
        }
    }

    /// The shape with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut shapes = Self::ALL.into_iter().chain(Self::MISTAKES);
        shapes.find(|shape| shape.name() == name)
    }

    /// A batch of this many messages, with one record each.
    #[must_use]
    pub fn payload(self, messages: usize) -> Vec<u8> {
        let batch = objects(messages).enumerate().fold(
            SqsBatchBuilder::new(),
            |batch, (number, object)| {
                let mut record = record(number, &object);
                if self == Self::MinIo {
                    record = record.with_event_source("minio:s3");
                }

                batch.with_body(
                    message_id(number),
                    self.body(NotificationBuilder::from(record), &object.bucket),
                )
            },
        );

        let batch = batch.to_json();

        let rewritten = match self {
            Self::Reordered => reversed(Json::read(&batch)).write(Style::default()),
            Self::Spaced => Json::read(&batch).write(Style {
                spaced: true,
                ..Style::default()
            }),
            Self::EscapedQuotes => Json::read(&batch).write(Style {
                escapes: Escapes::Quotes,
                ..Style::default()
            }),
            _ => batch,
        };

        rewritten.into_bytes()
    }

    fn body(self, notification: NotificationBuilder, bucket: &str) -> String {
        let written = notification.to_json();
        let json = || Json::read(&written);

        let escaped = |escapes| {
            json().write(Style {
                escapes,
                ..Style::default()
            })
        };

        match self {
            Self::Documented | Self::EscapedQuotes => written,
            Self::Reordered => reversed(json()).write(Style::default()),
            Self::Spaced => json().write(Style {
                spaced: true,
                ..Style::default()
            }),
            Self::Escaped => escaped(Escapes::More),
            Self::EscapedThroughout => escaped(Escapes::All),
            Self::Repeated => repeated(json()).write(Style::default()),
            Self::Unknown => with_first(json(), &unknown_members()).write(Style::default()),
            Self::Foreign => with_first(json(), &foreign_members()).write(Style::default()),
            Self::Rare => with_rare_members(json()).write(Style::default()),
            Self::Nested => with_first(json(), &[nested_member(40)]).write(Style::default()),
            // The owner of the bucket is nested in five objects.
            Self::Deep => with_first(json(), &[nested_member(128 - 6)]).write(Style::default()),
            Self::Wrapped => SnsMessageBuilder::new(written).to_json(),
            Self::MinIo => minio(json(), bucket).write(Style::default()),
            Self::SizeAsText => size_as_text(json()).write(Style::default()),
            Self::Prose => "This is not JSON, but a note that somebody sent by hand.".to_owned(),
            Self::CutOff => written[..written.len() * 2 / 3].to_owned(),
            Self::Unrelated => ORDER.to_owned(),
            Self::NoKey => without_key(json()).write(Style::default()),
            Self::KeyAsNumber => key_as_number(json()).write(Style::default()),
            Self::LoneSurrogate => written.replace(r#""key":""#, r#""key":"\ud83d"#),
        }
    }
}
