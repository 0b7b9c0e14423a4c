//! The attributes that a sender gives to a message.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::aws::digest::md5_hex;

/// The attributes of a message by name.
pub(crate) type MessageAttributes = BTreeMap<Arc<str>, MessageAttribute>;

/// An attribute of a message: something that a receiver can know without reading the body.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, or one of them with a label: `Number.int`.
    pub data_type: Arc<str>,
    /// The value.
    pub value: AttributeValue,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A text, or the digits of a number.
    Text(Arc<str>),
    /// Any bytes.
    Binary(Bytes),
}

impl MessageAttribute {
    /// An attribute of this data type with a text or a number as its value.
    pub fn text(data_type: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Self {
            data_type: data_type.into(),
            value: AttributeValue::Text(value.into()),
        }
    }

    /// An attribute of this data type with bytes as its value.
    pub fn binary(data_type: impl Into<Arc<str>>, value: impl Into<Bytes>) -> Self {
        Self {
            data_type: data_type.into(),
            value: AttributeValue::Binary(value.into()),
        }
    }

    /// How much of the message's length the attribute takes, in bytes.
    pub(crate) fn length(&self, name: &str) -> usize {
        name.len() + self.data_type.len() + self.value.bytes().len()
    }
}

impl AttributeValue {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// The byte that stands for the form of the value in a digest.
    fn form(&self) -> u8 {
        match self {
            Self::Text(_) => 1,
            Self::Binary(_) => 2,
        }
    }
}

/// The MD5 digest of some attributes in the order of their names. `None` if there are none.
///
/// Each name, data type and value is preceded by its length in four bytes, and a value also by its
/// form ("Calculating the MD5 message digest for message attributes", Amazon SQS Developer Guide,
/// 2026).
pub(crate) fn md5_of_attributes<'a>(
    attributes: impl Iterator<Item = (&'a str, &'a MessageAttribute)>,
) -> Option<String> {
    let mut encoded = Vec::new();
    let mut append = |form: Option<u8>, bytes: &[u8]| {
        encoded.extend(form);
        // A message is at most 1 MiB long.
        encoded.extend((bytes.len() as u32).to_be_bytes());
        encoded.extend(bytes);
    };

    for (name, attribute) in attributes {
        append(None, name.as_bytes());
        append(None, attribute.data_type.as_bytes());
        append(Some(attribute.value.form()), attribute.value.bytes());
    }

    (!encoded.is_empty()).then(|| md5_hex(&encoded))
}
