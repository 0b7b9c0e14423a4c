//! What happens to each message when it arrives, whoever brings it.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;
use s3_dispatch_core::delivery::{Content, Message, OtherMessage};
use s3_dispatch_core::{Error, ErrorKind, MessageContext};

use crate::dispatch::settings::{Settings, Unrouted};
use crate::dispatch::summary;

/// Adds to a message what the settings say, and logs it if it has no records.
pub(crate) fn complete(message: &mut Message, settings: &Settings) {
    if let Some(classifier) = &settings.classifier {
        message.context.set_classifier(classifier.clone());
    }

    fail_if_unrouted(message, settings.unrouted);
    summary::log_without_records(message, settings.malformed);
}

/// Makes an event that is not S3's a failure where events without a route fail.
fn fail_if_unrouted(message: &mut Message, unrouted: Unrouted) {
    if unrouted == Unrouted::Fail
        && let Ok(Content::Other(other @ OtherMessage::CloudTrail(_))) = &message.content
    {
        message.content = Err(Error::new(ErrorKind::NotAnS3Event, other.to_string()));
    }
}

/// A number that depends on the id of a message only, so it is the same in every process.
pub(crate) fn message_hash(context: &MessageContext) -> u64 {
    let id = context.message_id();
    id.map_or(0, |id| FixedState::default().hash_one(id.as_str()))
}

/// The place of a message among those that came back without an answer and run one by one. The
/// lowest comes first.
///
/// What ends the process hides whatever comes behind it. So of two receives in a row, one has the
/// order of the other reversed, and the next two have another order.
#[cfg(feature = "worker")]
pub(crate) fn order(context: &MessageContext) -> u64 {
    let hash = message_hash(context);
    let receives = context.receive_count().unwrap_or(0);

    match receives.saturating_sub(2) % 4 {
        0 => hash,
        1 => !hash,
        2 => hash.rotate_left(u64::BITS / 2),
        _ => !hash.rotate_left(u64::BITS / 2),
    }
}
