//! The form of a queued message on disk.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::values::{LogTime, borrow, own};
use crate::aws::digest::{base64, from_base64};
use crate::s3::EventId;
use crate::sqs::stored::StoredMessage;
use crate::sqs::{AttributeValue, Message, MessageAttribute};

#[derive(Serialize, Deserialize)]
pub(super) struct StoredMessageLine<'l> {
    #[serde(borrow)]
    queue: Cow<'l, str>,
    serial: u64,
    id: Cow<'l, str>,
    body: Cow<'l, str>,
    event: Option<u64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<Cow<'l, str>, AttributeLine<'l>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_header: Option<Cow<'l, str>>,
    group_id: Option<Cow<'l, str>>,
    deduplication_id: Option<Cow<'l, str>>,
    sent: LogTime,
    visible: LogTime,
    receive_count: u32,
    #[serde(default)]
    received_before: u32,
    received: Option<LogTime>,
    first_received: Option<LogTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dead_letter_source: Option<Cow<'l, str>>,
}

/// An attribute: its data type, and either a text or base64.
#[derive(Serialize, Deserialize)]
struct AttributeLine<'l> {
    #[serde(borrow, rename = "type")]
    data_type: Cow<'l, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<Cow<'l, str>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    binary: String,
}

impl<'l> StoredMessageLine<'l> {
    pub(super) fn new(queue: Cow<'l, str>, stored: &'l StoredMessage) -> Self {
        let message = &stored.message;
        let attributes = message.attributes.iter();

        Self {
            queue,
            serial: stored.serial,
            id: borrow(&message.id),
            body: borrow(&message.body),
            event: message.event.map(|id| id.0),
            attributes: attributes
                .map(|(name, attribute)| (borrow(name), AttributeLine::new(attribute)))
                .collect(),
            trace_header: message.trace_header.as_ref().map(borrow),
            group_id: message.group_id.as_ref().map(borrow),
            deduplication_id: message.deduplication_id.as_ref().map(borrow),
            sent: stored.sent.into(),
            visible: stored.visible.into(),
            receive_count: stored.receive_count,
            received_before: stored.received_before,
            received: stored.received.map(Into::into),
            first_received: stored.first_received.map(Into::into),
            dead_letter_source: stored.dead_letter_source.as_ref().map(borrow),
        }
    }

    /// The name of the queue, and the message.
    pub(super) fn into_stored(self) -> (Cow<'l, str>, StoredMessage) {
        let attributes = self.attributes.into_iter();

        let message = Message {
            id: own(self.id),
            body: own(self.body),
            event: self.event.map(EventId),
            attributes: attributes
                .map(|(name, line)| (own(name), line.into_attribute()))
                .collect(),
            trace_header: self.trace_header.map(own),
            group_id: self.group_id.map(own),
            deduplication_id: self.deduplication_id.map(own),
        };

        let stored = StoredMessage {
            serial: self.serial,
            message,
            sent: self.sent.into(),
            visible: self.visible.into(),
            receive_count: self.receive_count,
            received_before: self.received_before,
            received: self.received.map(Into::into),
            first_received: self.first_received.map(Into::into),
            dead_letter_source: self.dead_letter_source.map(own),
        };

        (self.queue, stored)
    }
}

impl<'l> AttributeLine<'l> {
    fn new(attribute: &'l MessageAttribute) -> Self {
        let (text, binary) = match &attribute.value {
            AttributeValue::Text(text) => (Some(borrow(text)), String::new()),
            AttributeValue::Binary(bytes) => (None, base64(bytes)),
        };

        Self {
            data_type: borrow(&attribute.data_type),
            text,
            binary,
        }
    }

    fn into_attribute(self) -> MessageAttribute {
        match self.text {
            Some(text) => MessageAttribute::text(own(self.data_type), own(text)),
            None => {
                let bytes = from_base64(&self.binary).unwrap_or_default();
                MessageAttribute::binary(own(self.data_type), bytes)
            }
        }
    }
}
