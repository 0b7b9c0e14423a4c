//! The attributes of queues: which there are, how they are read, and which can be set.
//!
//! The limits are from `SetQueueAttributes` and `GetQueueAttributes`, Amazon SQS API Reference,
//! 2026.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::{redrive_allow_policy, redrive_policy};
use crate::aws::arn::queue_arn;
use crate::aws::time::milliseconds;
use crate::pipeline::clients::QueueDescription;
use crate::sqs::endpoint::error::{ErrorCode, SqsError};
use crate::topology::QueueSpec;

/// The attributes by name.
pub(super) type Attributes = BTreeMap<String, String>;

/// An attribute of a queue.
struct Attribute {
    name: &'static str,
    /// The value. `None` if the queue has no such attribute.
    read: fn(&QueueDescription) -> Option<String>,
    /// Changes the settings of a queue. `None` if the attribute cannot be set.
    write: Option<Write>,
}

/// Changes the settings of a queue to a value of an attribute.
type Write = fn(&mut QueueSpec, &str) -> Result<(), SqsError>;

/// The attributes that are part of what a queue does.
const ATTRIBUTES: [Attribute; 14] = [
    Attribute {
        name: "QueueArn",
        read: |queue| Some(queue_arn(&queue.spec.name)),
        write: None,
    },
    Attribute {
        name: "ApproximateNumberOfMessages",
        read: |queue| Some(queue.visible.to_string()),
        write: None,
    },
    Attribute {
        name: "ApproximateNumberOfMessagesNotVisible",
        read: |queue| Some(queue.in_flight.to_string()),
        write: None,
    },
    Attribute {
        name: "ApproximateNumberOfMessagesDelayed",
        read: |queue| Some(queue.delayed.to_string()),
        write: None,
    },
    Attribute {
        name: "CreatedTimestamp",
        read: |queue| Some(seconds(queue.created)),
        write: None,
    },
    Attribute {
        name: "LastModifiedTimestamp",
        read: |queue| Some(seconds(queue.changed)),
        write: None,
    },
    Attribute {
        name: "VisibilityTimeout",
        read: |queue| Some(queue.spec.visibility_timeout.as_secs().to_string()),
        write: Some(|spec, value| {
            set_seconds(
                &mut spec.visibility_timeout,
                "VisibilityTimeout",
                value,
                0..=43_200,
            )
        }),
    },
    Attribute {
        name: "DelaySeconds",
        read: |queue| Some(queue.spec.delay.as_secs().to_string()),
        write: Some(|spec, value| set_seconds(&mut spec.delay, "DelaySeconds", value, 0..=900)),
    },
    Attribute {
        name: "MessageRetentionPeriod",
        read: |queue| Some(queue.spec.retention.as_secs().to_string()),
        write: Some(|spec, value| {
            set_seconds(
                &mut spec.retention,
                "MessageRetentionPeriod",
                value,
                60..=1_209_600,
            )
        }),
    },
    Attribute {
        name: "ReceiveMessageWaitTimeSeconds",
        read: |queue| Some(queue.spec.receive_wait.as_secs().to_string()),
        write: Some(|spec, value| {
            set_seconds(
                &mut spec.receive_wait,
                "ReceiveMessageWaitTimeSeconds",
                value,
                0..=20,
            )
        }),
    },
    Attribute {
        name: "MaximumMessageSize",
        read: |queue| Some(queue.spec.max_message_size.to_string()),
        write: Some(|spec, value| {
            let bytes = number("MaximumMessageSize", value, 1_024..=1_048_576)?;
            spec.max_message_size = bytes as usize;
            Ok(())
        }),
    },
    Attribute {
        name: "RedrivePolicy",
        read: |queue| queue.spec.redrive.as_ref().map(redrive_policy::write),
        write: Some(|spec, value| {
            spec.redrive = redrive_policy::read(value)?;
            Ok(())
        }),
    },
    Attribute {
        name: "FifoQueue",
        read: |queue| queue.spec.is_fifo().then(|| String::from("true")),
        write: Some(set_fifo),
    },
    Attribute {
        name: "ContentBasedDeduplication",
        read: |queue| {
            let is_enabled = queue.spec.content_based_deduplication;
            queue.spec.is_fifo().then(|| is_enabled.to_string())
        },
        write: Some(set_content_based_deduplication),
    },
];

/// The attributes that are kept as texts. Most have no effect on this machine: there is no access
/// control, and nothing is encrypted.
const KEPT: [&str; 5] = [
    "Policy",
    KMS_KEY,
    "KmsDataKeyReusePeriodSeconds",
    OWN_ENCRYPTION,
    redrive_allow_policy::NAME,
];

/// The key with which a queue is encrypted.
const KMS_KEY: &str = "KmsMasterKeyId";

/// Whether a queue is encrypted with a key of SQS. Kept only if it is not.
const OWN_ENCRYPTION: &str = "SqsManagedSseEnabled";

/// Attributes of which only the default is implemented.
const DEFAULT_ONLY: [(&str, &str); 2] = [
    ("DeduplicationScope", "queue"),
    ("FifoThroughputLimit", "perQueue"),
];

/// The attributes of a queue that have these names.
pub(super) fn read(queue: &QueueDescription, names: &[String]) -> Result<Attributes, SqsError> {
    let is_all = names.iter().any(|name| name == "All");
    let mut known: Vec<&str> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
    known.extend(KEPT);
    known.extend(DEFAULT_ONLY.map(|(name, _)| name));

    if let Some(unknown) = names
        .iter()
        .find(|name| *name != "All" && !known.contains(&name.as_str()))
    {
        return Err(unknown_attribute(unknown));
    }

    let own = ATTRIBUTES
        .iter()
        .filter_map(|attribute| Some((attribute.name.to_owned(), (attribute.read)(queue)?)));
    let kept = queue.kept.clone().into_iter();
    // SQS encrypts a queue with a key of its own unless it is told otherwise (`CreateQueue`).
    let is_encrypted = !queue.kept.contains_key(KMS_KEY);
    let encryption = [(OWN_ENCRYPTION.to_owned(), is_encrypted.to_string())];
    let fixed = DEFAULT_ONLY
        .into_iter()
        .filter(|_| queue.spec.is_fifo())
        .map(|(name, value)| (name.to_owned(), value.to_owned()));

    Ok(own
        .chain(encryption)
        .chain(kept)
        .chain(fixed)
        .filter(|(name, _)| is_all || names.contains(name))
        .collect())
}

/// Changes the settings of a queue, and what is kept for clients.
pub(super) fn write(
    spec: &mut QueueSpec,
    kept: &mut Attributes,
    attributes: &Attributes,
) -> Result<(), SqsError> {
    for (name, value) in attributes {
        let write = ATTRIBUTES
            .iter()
            .find(|attribute| attribute.name == name)
            .and_then(|attribute| attribute.write);

        if let Some(write) = write {
            write(spec, value)?;
        } else if KEPT.contains(&name.as_str()) {
            keep(kept, name, value)?;
        } else if !DEFAULT_ONLY.contains(&(name, value)) {
            return Err(cannot_set(spec, name));
        }
    }

    Ok(())
}

/// Keeps an attribute. An empty value removes it, and so does the default.
fn keep(kept: &mut Attributes, name: &str, value: &str) -> Result<(), SqsError> {
    if name == OWN_ENCRYPTION && !["true", "false"].contains(&value) {
        return Err(invalid_value(name));
    }

    if name == redrive_allow_policy::NAME {
        redrive_allow_policy::check(value)?;
    }

    kept.remove(name);
    if (name, value) == (OWN_ENCRYPTION, "true") {
        // A queue is encrypted in one way at a time.
        kept.remove(KMS_KEY);
    } else if !value.is_empty() {
        kept.insert(name.to_owned(), value.to_owned());
    }

    Ok(())
}

fn cannot_set(spec: &QueueSpec, name: &str) -> SqsError {
    let is_default_only = DEFAULT_ONLY.iter().any(|(other, _)| *other == name);

    if is_default_only && !spec.is_fifo() {
        fifo_only(name)
    } else if is_default_only {
        let message = format!("s3-dispatch-local does not implement this value of {name}.");
        SqsError::new(ErrorCode::UnsupportedOperation, message)
    } else {
        unknown_attribute(name)
    }
}

fn unknown_attribute(name: &str) -> SqsError {
    SqsError::new(
        ErrorCode::InvalidAttributeName,
        format!("Unknown Attribute {name}."),
    )
}

fn fifo_only(name: &str) -> SqsError {
    let message = format!("You can specify the {name} only when FifoQueue is set to true.");
    SqsError::new(ErrorCode::InvalidAttributeName, message)
}

fn set_fifo(spec: &mut QueueSpec, value: &str) -> Result<(), SqsError> {
    match (spec.is_fifo(), value) {
        (true, "true") => Ok(()),
        (true, _) => Err(SqsError::new(
            ErrorCode::InvalidAttributeValue,
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not \
             supported.",
        )),
        (false, _) => Err(unknown_attribute("FifoQueue")),
    }
}

fn set_content_based_deduplication(spec: &mut QueueSpec, value: &str) -> Result<(), SqsError> {
    let name = "ContentBasedDeduplication";
    if !spec.is_fifo() {
        return Err(fifo_only(name));
    }

    spec.content_based_deduplication = value.parse().map_err(|_| invalid_value(name))?;
    Ok(())
}

fn set_seconds(
    field: &mut Duration,
    name: &str,
    value: &str,
    range: RangeInclusive<u64>,
) -> Result<(), SqsError> {
    *field = Duration::from_secs(number(name, value, range)?);
    Ok(())
}

fn number(name: &str, value: &str, range: RangeInclusive<u64>) -> Result<u64, SqsError> {
    let number = value.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| invalid_value(name))
}

fn invalid_value(name: &str) -> SqsError {
    SqsError::new(
        ErrorCode::InvalidAttributeValue,
        format!("Invalid value for the parameter {name}."),
    )
}

/// Seconds since the Unix epoch.
fn seconds(time: SystemTime) -> String {
    (milliseconds(time) / 1000).to_string()
}
