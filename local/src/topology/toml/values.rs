//! The values in a topology file that are not simply text or numbers.

use std::time::Duration;

use s3_dispatch::EventPattern;
use s3_dispatch_testing::{EventBridgeRule, SnsFilterPolicy};
use serde::{Deserialize, Deserializer, de};

use super::names::{unknown_detail_type, unknown_event};
use crate::topology::{InvokeUrl, parse_event_type};

/// An event type, as the configuration of a bucket spells it: `s3:ObjectCreated:*`.
pub(super) struct EventType(pub(super) EventPattern);

/// A filter policy: a table, or JSON in a string.
pub(super) struct PolicyValue(pub(super) SnsFilterPolicy);

/// An event pattern of EventBridge: a table, or JSON in a string.
pub(super) struct RuleValue(pub(super) EventBridgeRule);

/// Where a function is invoked: `http://127.0.0.1:9000`.
pub(super) struct UrlText(pub(super) InvokeUrl);

/// A number of seconds, with or without a fraction.
pub(super) struct Seconds(Duration);

/// A program and its arguments: a string, or an array of strings.
pub(super) struct CommandWords(pub(super) Vec<String>);

impl Seconds {
    pub(super) fn duration(self) -> Duration {
        self.0
    }
}

impl<'de> Deserialize<'de> for EventType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_event_type(&text).map(Self).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for PolicyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = json(deserializer)?;
        let policy = SnsFilterPolicy::parse(&json).map_err(|error| {
            de::Error::custom(format!("the filter policy is not valid: {error}"))
        })?;

        match unknown_event(&json) {
            Some(reason) => Err(de::Error::custom(reason)),
            None => Ok(Self(policy)),
        }
    }
}

impl<'de> Deserialize<'de> for RuleValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = json(deserializer)?;
        let rule = EventBridgeRule::parse(&json).map_err(|error| {
            de::Error::custom(format!("the event pattern is not valid: {error}"))
        })?;

        match unknown_detail_type(&json) {
            Some(reason) => Err(de::Error::custom(reason)),
            None => Ok(Self(rule)),
        }
    }
}

/// The JSON of a table, or of a string that has it already.
fn json<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match toml::Value::deserialize(deserializer)? {
        toml::Value::String(json) => Ok(json),
        table => serde_json::to_string(&table).map_err(de::Error::custom),
    }
}

impl<'de> Deserialize<'de> for UrlText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        InvokeUrl::parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match toml::Value::deserialize(deserializer)? {
            toml::Value::Integer(seconds) => seconds as f64,
            toml::Value::Float(seconds) => seconds,
            other => {
                let kind = other.type_str();
                let message = format!("a time is a number of seconds, not a value of type {kind}");
                return Err(de::Error::custom(message));
            }
        };

        Duration::try_from_secs_f64(number)
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{number}` is not a number of seconds")))
    }
}

impl<'de> Deserialize<'de> for CommandWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(program) => vec![program],
            other => other.try_into::<Vec<String>>().map_err(|_| {
                de::Error::custom(
                    "a command is a string, or an array of strings: the program and its arguments",
                )
            })?,
        };

        if words.first().is_none_or(String::is_empty) {
            return Err(de::Error::custom("a command needs a program"));
        }

        Ok(Self(words))
    }
}
