//! The attributes of messages in JSON: how they are read, checked, chosen and written.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::characters::check_characters;
use crate::aws::digest::{base64, from_base64};
use crate::sqs::endpoint::error::SqsError;
use crate::sqs::{AttributeValue, MessageAttribute, MessageAttributes};

/// How many attributes a message can have ("Amazon SQS message metadata", Amazon SQS Developer
/// Guide, 2026).
const MAX_ATTRIBUTES: usize = 10;

/// The longest name and the longest data type of an attribute (same source).
const MAX_NAME_BYTES: usize = 256;

/// An attribute as clients send and receive it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AttributeJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// In base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_type: Option<String>,
}

/// The attributes of a message as a client sends them.
pub(super) type GivenAttributes = BTreeMap<String, AttributeJson>;

/// Checks the attributes of a message.
pub(super) fn read_attributes(given: GivenAttributes) -> Result<MessageAttributes, SqsError> {
    if given.len() > MAX_ATTRIBUTES {
        let count = given.len();
        return Err(SqsError::invalid(format!(
            "Number of message attributes [{count}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        )));
    }

    given
        .into_iter()
        .map(|(name, json)| {
            check_name(&name)?;
            let attribute = json.read(&name)?;
            Ok((name.into(), attribute))
        })
        .collect()
}

fn check_name(name: &str) -> Result<(), SqsError> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(SqsError::invalid(
            "Message (user) attribute names must be 1 to 256 characters long.",
        ));
    }

    let is_allowed = |char: char| char.is_alphanumeric() || "_-.".contains(char);
    if !name.chars().all(is_allowed) {
        return Err(SqsError::invalid(
            "Message (user) attributes name can only contain upper and lower score characters, \
             digits, periods, hyphens and underscores. ",
        ));
    }

    let lower = name.to_ascii_lowercase();
    let is_reserved = lower.starts_with("aws.") || lower.starts_with("amazon.");
    if is_reserved || name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Err(SqsError::invalid(
            "You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These \
             strings are reserved for internal use. Additionally, they cannot start or end with \
             '.', or have '..' in them.",
        ));
    }

    Ok(())
}

impl AttributeJson {
    fn read(self, name: &str) -> Result<MessageAttribute, SqsError> {
        let data_type = self.data_type.filter(|data_type| !data_type.is_empty());
        let data_type = data_type.ok_or_else(|| {
            SqsError::invalid(format!(
                "The message attribute '{name}' must contain a non-empty message attribute type."
            ))
        })?;

        if data_type.len() > MAX_NAME_BYTES {
            return Err(SqsError::invalid(
                "Message (user) attribute types must be at most 256 characters long.",
            ));
        }

        let empty = |kind: &str| {
            SqsError::invalid(format!(
                "Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            ))
        };

        // A data type can have a label of its own behind a period.
        let kind = data_type.split('.').next().unwrap_or_default();
        match (kind, self.string_value, self.binary_value) {
            ("String" | "Number", Some(value), None) if !value.is_empty() => {
                if kind == "Number" && value.parse::<f64>().is_err() {
                    return Err(SqsError::invalid(format!(
                        "Can't cast the value of message (user) attribute '{name}' to a number."
                    )));
                }

                check_characters(&value)?;
                Ok(MessageAttribute::text(data_type, value))
            }
            ("Binary", None, Some(value)) if !value.is_empty() => from_base64(&value)
                .map(|bytes| MessageAttribute::binary(data_type, bytes))
                .ok_or_else(|| {
                    SqsError::invalid(format!(
                        "The value of message (user) attribute '{name}' is not valid base64."
                    ))
                }),
            ("String" | "Number" | "Binary", _, _) => Err(empty(kind)),
            _ => Err(SqsError::invalid(format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the \
                 following supported type prefixes: Binary, Number, String."
            ))),
        }
    }

    /// How much of the message's length the attribute takes besides its name, in bytes. Base64 is
    /// longer than the bytes that count.
    pub(super) fn length(&self) -> usize {
        let text = |value: &Option<String>| value.as_ref().map_or(0, String::len);
        let binary = self.binary_value.as_deref().map(|value| {
            let padding = value.bytes().rev().take_while(|byte| *byte == b'=').count();
            (value.len() / 4 * 3).saturating_sub(padding)
        });

        text(&self.data_type) + text(&self.string_value) + binary.unwrap_or_default()
    }

    pub(super) fn of(attribute: &MessageAttribute) -> Self {
        let (string_value, binary_value) = match &attribute.value {
            AttributeValue::Text(text) => (Some(text.to_string()), None),
            AttributeValue::Binary(bytes) => (None, Some(base64(bytes))),
        };

        Self {
            string_value,
            binary_value,
            data_type: Some(attribute.data_type.to_string()),
        }
    }
}

/// The attributes whose names a client asks for: a name, a prefix such as `Trace.*`, or `All`.
pub(super) fn choose<'m>(
    attributes: &'m MessageAttributes,
    names: &'m [String],
) -> impl Iterator<Item = (&'m Arc<str>, &'m MessageAttribute)> + Clone {
    let is_wanted = |name: &str| {
        names.iter().any(|wanted| match wanted.strip_suffix(".*") {
            Some(prefix) => name.starts_with(prefix),
            None => wanted == "All" || wanted == "*" || wanted == name,
        })
    };

    attributes.iter().filter(move |(name, _)| is_wanted(name))
}
