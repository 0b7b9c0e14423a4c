//! The form of a notification configuration in the log.

use std::sync::Arc;

use s3_dispatch::EventPattern;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::topology::{BucketSpec, Destination, NotificationSpec, WrittenFilter};

/// What a bucket publishes. The names of the fields are the format on disk.
#[derive(Serialize, Deserialize)]
struct SpecLine {
    name: String,
    notifications: Vec<NotificationLine>,
    eventbridge: bool,
}

#[derive(Serialize, Deserialize)]
struct NotificationLine {
    id: String,
    events: Vec<String>,
    prefix: String,
    suffix: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_prefix: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_suffix: Option<String>,
    destination: DestinationLine,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DestinationLine {
    Topic(String),
    Queue(String),
}

pub(super) fn serialize<S: Serializer>(
    spec: &Option<Arc<BucketSpec>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    spec.as_deref().map(SpecLine::new).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Arc<BucketSpec>>, D::Error> {
    let line = Option::<SpecLine>::deserialize(deserializer)?;
    let spec = line.map(SpecLine::into_spec).transpose();

    Ok(spec.map_err(de::Error::custom)?.map(Arc::new))
}

impl SpecLine {
    fn new(spec: &BucketSpec) -> Self {
        Self {
            name: spec.name.clone(),
            notifications: spec
                .notifications
                .iter()
                .map(NotificationLine::new)
                .collect(),
            eventbridge: spec.eventbridge,
        }
    }

    fn into_spec(self) -> Result<BucketSpec, s3_dispatch::Error> {
        let mut spec = BucketSpec::new(self.name);
        spec.eventbridge = self.eventbridge;
        let notifications = self.notifications.into_iter();
        spec.notifications = notifications
            .map(NotificationLine::into_spec)
            .collect::<Result<_, _>>()?;

        Ok(spec)
    }
}

impl NotificationLine {
    fn new(spec: &NotificationSpec) -> Self {
        Self {
            id: spec.id.clone(),
            events: spec.events.iter().map(ToString::to_string).collect(),
            prefix: spec.prefix.clone(),
            suffix: spec.suffix.clone(),
            written_prefix: spec.written.prefix.clone(),
            written_suffix: spec.written.suffix.clone(),
            destination: match &spec.destination {
                Destination::Topic(name) => DestinationLine::Topic(name.clone()),
                Destination::Queue(name) => DestinationLine::Queue(name.clone()),
            },
        }
    }

    fn into_spec(self) -> Result<NotificationSpec, s3_dispatch::Error> {
        let destination = match self.destination {
            DestinationLine::Topic(name) => Destination::Topic(name),
            DestinationLine::Queue(name) => Destination::Queue(name),
        };
        let events = self.events.iter().map(|text| EventPattern::parse(text));
        let events: Vec<_> = events.collect::<Result<_, _>>()?;

        let mut spec = NotificationSpec::new(events, destination)
            .with_id(self.id)
            .with_prefix(self.prefix)
            .with_suffix(self.suffix);
        spec.written = WrittenFilter {
            prefix: self.written_prefix,
            suffix: self.written_suffix,
        };

        Ok(spec)
    }
}
