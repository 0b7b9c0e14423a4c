//! Why the parts of a key do not give a value.

use std::fmt;

/// Why the parts of a key do not give a value.
#[derive(Debug)]
pub(super) enum KeyError {
    /// A part has a value that the type does not take.
    Value {
        name: String,
        value: String,
        ty: String,
        /// Empty if there is no more to say.
        cause: String,
    },
    /// The type takes another number of parts.
    Count { wanted: usize, found: usize },
    /// A field has no part of its name.
    Missing { field: &'static str },
    /// The type does not take a part of this name.
    Unknown { name: String },
    /// No text can give this type.
    NoText { ty: String },
    /// The error of the key's own type.
    Other(String),
}

impl KeyError {
    /// The error of a part, which knows its name and its value.
    pub(super) fn in_part<T>(self, name: &str, value: &str) -> Self {
        match self {
            Self::Other(cause) => Self::value::<T>(name, value, cause),
            error => error,
        }
    }

    pub(super) fn value<T>(name: &str, value: &str, cause: String) -> Self {
        Self::Value {
            name: name.to_owned(),
            value: value.to_owned(),
            ty: short_name::<T>(),
            cause,
        }
    }

    /// Whether no key could give a value.
    pub(super) fn is_about_the_type(&self) -> bool {
        !matches!(self, Self::Value { .. } | Self::Other(_))
    }
}

/// The name of a type without paths: `NonZero<u16>`.
pub(super) fn short_name<T>() -> String {
    let is_in_name = |character: char| character.is_alphanumeric() || "_:".contains(character);
    let name = std::any::type_name::<T>();
    let mut short = String::new();

    for piece in name.split_inclusive(|character| !is_in_name(character)) {
        short.push_str(piece.rsplit("::").next().unwrap_or(piece));
    }

    short
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                name,
                value,
                ty,
                cause,
            } => {
                let value = value.escape_debug();
                write!(f, "`{name}` in the key is `{value}`, which is not a `{ty}`")?;
                if cause.is_empty() {
                    Ok(())
                } else {
                    write!(f, ": {cause}")
                }
            }
            Self::Count { wanted, found } => {
                write!(f, "it takes {wanted} parts, and the pattern has {found}")
            }
            Self::Missing { field } => write!(f, "the pattern has no part `{field}`"),
            Self::Unknown { name } => write!(f, "it has no field for the part `{name}`"),
            Self::NoText { ty } => write!(f, "a part of a key cannot be a `{ty}`"),
            Self::Other(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for KeyError {}

impl serde::de::Error for KeyError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing { field }
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown {
            name: field.to_owned(),
        }
    }

    fn invalid_length(found: usize, expected: &dyn serde::de::Expected) -> Self {
        Self::Other(format!(
            "expected {expected}, and the pattern has {found} parts"
        ))
    }
}
