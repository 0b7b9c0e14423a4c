//! The attributes of an item in a DynamoDB table.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::SystemTime;

use aws_sdk_dynamodb::types::AttributeValue;
use s3_dispatch_core::Sequencer;
use sha2::{Digest, Sha256};

use crate::once::identity::Identity;
use crate::once::stores::store::StoreError;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// What an item is about. Records and objects share a table.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Record,
    Object,
}

/// Makes a partition key, which has at most 2,048 bytes ("Quotas in Amazon DynamoDB", Amazon
/// DynamoDB Developer Guide, 2026). A longer identity is replaced by its hash.
pub(crate) fn partition_key(kind: Kind, identity: &Identity) -> AttributeValue {
    const MAX_READABLE: usize = 1_900;

    let kind = match kind {
        Kind::Record => "record",
        Kind::Object => "object",
    };

    let name = if identity.as_str().len() <= MAX_READABLE {
        identity.to_string()
    } else {
        hash(identity)
    };

    text(&format!("{kind}#{name}"))
}

/// Makes the value of `state`. It is always a hash, so that an item with two long names still costs
/// one write unit, which is 1 KB.
pub(crate) fn state_key(state: &Identity) -> AttributeValue {
    text(&hash(state))
}

fn hash(identity: &Identity) -> String {
    let mut hash = String::from("sha256:");
    for byte in Sha256::digest(identity.as_str()) {
        write!(hash, "{byte:02x}").expect("writing to a string cannot fail");
    }

    hash
}

/// Returns a sequencer as a string that DynamoDB sorts like the number.
///
/// Hexadecimal strings sort like their numbers only if they have the same length, so the result
/// starts with the length.
///
/// # Errors
///
/// Returns an error if the sequencer is not hexadecimal.
pub(crate) fn sortable(sequencer: &Sequencer) -> Result<String, StoreError> {
    let digits = sequencer.to_canonical();
    let digits = digits.ok_or_else(|| StoreError::not_hexadecimal(sequencer))?;

    Ok(format!("{:05}{digits}", digits.len()))
}

pub(crate) fn has_expired(item: &Item, now: u128) -> bool {
    expires_at(item).is_some_and(|time| time <= now)
}

/// Returns when an item expires, in milliseconds since the Unix epoch.
pub(crate) fn expires_at(item: &Item) -> Option<u128> {
    item.get("expires_at")?.as_n().ok()?.parse().ok()
}

/// Returns the time in milliseconds since the Unix epoch.
pub(crate) fn now() -> u128 {
    // A clock before 1970 is wrong, and 0 is as good as any other time.
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis()
}

/// Returns the text of an attribute, if the item has it.
pub(crate) fn string<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub(crate) fn number(number: u128) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
