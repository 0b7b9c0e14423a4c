//! The ways in which the same notifications can be written.

use s3_dispatch_testing::{NotificationBuilder, SnsMessageBuilder, SqsBatchBuilder};

use crate::json::{Escapes, Json, Style};
use crate::objects::{message_id, objects, record};
use crate::rewrite::{
    foreign_members, minio, nested_member, repeated, reversed, size_as_text, unknown_members,
    with_first, with_rare_members,
};

/// How a batch is written: as AWS documents it, or in a way that it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// As S3 and SQS write it.
    Documented,
    /// All members in the opposite order.
    Reordered,
    /// With spaces and line ends.
    Spaced,
    /// Bodies with `\/` and `\u0041`, where they need not.
    Escaped,
    /// Bodies in which all characters of names and texts are escaped.
    EscapedThroughout,
    /// Messages in which the bodies' quotation marks are written `\u0022`.
    EscapedQuotes,
    /// Bodies in which each member stands twice, first with other texts.
    Repeated,
    /// Bodies with many members that nobody knows.
    Unknown,
    /// Bodies with members that test notifications and SNS messages have.
    Foreign,
    /// Bodies with all the data that S3 sends with one event or another.
    Rare,
    /// Bodies with nested arrays before what is looked for.
    Nested,
    /// As deep as they may nest.
    Deep,
    /// Through SNS without raw delivery.
    Wrapped,
    /// As MinIO writes it.
    MinIo,
    /// With sizes as texts, as Scality writes them.
    SizeAsText,
}

impl Shape {
    /// All, the documented one first.
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

    /// Its name in results.
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
        }
    }

    /// The shape of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// A batch of so many messages of one record each.
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
            // The owner of the bucket is in five others.
            Self::Deep => with_first(json(), &[nested_member(128 - 6)]).write(Style::default()),
            Self::Wrapped => SnsMessageBuilder::new(written).to_json(),
            Self::MinIo => minio(json(), bucket).write(Style::default()),
            Self::SizeAsText => size_as_text(json()).write(Style::default()),
        }
    }
}
