//! A message on its way to a queue.

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use s3_dispatch_core::delivery::Delivery;

use crate::cli::catch_up::source::Item;

/// How many bytes a message may have, and all messages of a call together ("Amazon SQS message
/// quotas", Amazon SQS Developer Guide, 2026).
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// How many messages a call may have ("SendMessageBatch", Amazon SQS API Reference, 2026).
pub(super) const MOST_MESSAGES: usize = 10;

/// A message on its way to a queue.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Outgoing {
    /// The number of the item of the source.
    pub(super) number: u64,
    /// What the message is called in errors.
    pub(super) name: String,
    pub(super) body: String,
    pub(super) attributes: HashMap<String, MessageAttributeValue>,
    pub(super) group: Option<String>,
    pub(super) trace_header: Option<String>,
}

/// The name of a message in errors: its id.
pub(super) fn name_of(item: &Item) -> String {
    let id = item.context.message_id();
    id.map_or_else(|| item.number.to_string(), ToString::to_string)
}

/// The group of a message that has none: the bucket and key of its first record.
fn group_of(item: &Item) -> Option<String> {
    let delivery = Delivery::from_messages([(item.context.clone(), item.body.clone())]);
    let record = delivery.records().first()?;

    Some(format!("{}/{}", record.bucket.name, record.object.key))
}

impl Outgoing {
    /// A FIFO queue needs a group for each message.
    ///
    /// # Errors
    ///
    /// Says why SQS would not take the message.
    pub(super) fn new(item: Item, is_fifo: bool) -> Result<Self, &'static str> {
        let name = name_of(&item);
        let text = |text: &str| text.to_owned();
        let own_group = item.context.group_id().map(|id| text(id.as_str()));
        let made_group = || is_fifo.then(|| group_of(&item)).flatten();

        let outgoing = Self {
            number: item.number,
            name,
            group: own_group.or_else(made_group),
            trace_header: item.context.trace_header().map(|id| text(id.as_str())),
            attributes: item.attributes,
            body: String::from_utf8(item.body.into()).map_err(|_| "it is not UTF-8")?,
        };

        match outgoing.bytes() {
            _ if outgoing.body.is_empty() => Err("it is empty"),
            bytes if bytes > MOST_BYTES => Err("it is larger than 1 MiB"),
            _ => Ok(outgoing),
        }
    }

    /// How many bytes SQS counts: the body, and the names, types and values of attributes.
    pub(super) fn bytes(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, value)| {
            let text = value.string_value().map_or(0, str::len);
            let binary = value.binary_value().map_or(0, |blob| blob.as_ref().len());
            name.len() + value.data_type().len() + text + binary
        });

        self.body.len() + attributes.sum::<usize>()
    }
}
