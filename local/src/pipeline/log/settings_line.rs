//! The form of a queue's settings on disk.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::values::LogTime;
use crate::sqs::stored::StoredSettings;
use crate::topology::{QueueSpec, Redrive};

/// The settings of a queue that clients have created or changed.
#[derive(Serialize, Deserialize)]
pub(super) struct SettingsLine {
    spec: SpecLine,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    configured: Option<SpecLine>,
    created: LogTime,
    changed: LogTime,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    kept: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct SpecLine {
    name: String,
    visibility_timeout: Duration,
    delay: Duration,
    retention: Duration,
    max_message_size: usize,
    receive_wait: Duration,
    capacity: usize,
    dead_letter_queue: Option<String>,
    max_receive_count: Option<u32>,
    content_based_deduplication: bool,
}

impl SettingsLine {
    pub(super) fn new(settings: &StoredSettings) -> Self {
        Self {
            spec: SpecLine::new(&settings.spec),
            configured: settings.configured.as_ref().map(SpecLine::new),
            created: settings.created.into(),
            changed: settings.changed.into(),
            kept: settings.kept.clone(),
            tags: settings.tags.clone(),
        }
    }

    pub(super) fn into_settings(self) -> StoredSettings {
        StoredSettings {
            spec: self.spec.into_spec(),
            configured: self.configured.map(SpecLine::into_spec),
            created: self.created.into(),
            changed: self.changed.into(),
            kept: self.kept,
            tags: self.tags,
        }
    }
}

impl SpecLine {
    fn new(spec: &QueueSpec) -> Self {
        let redrive = spec.redrive.as_ref();

        Self {
            name: spec.name.clone(),
            visibility_timeout: spec.visibility_timeout,
            delay: spec.delay,
            retention: spec.retention,
            max_message_size: spec.max_message_size,
            receive_wait: spec.receive_wait,
            capacity: spec.capacity,
            dead_letter_queue: redrive.map(|redrive| redrive.dead_letter_queue.clone()),
            max_receive_count: redrive.map(|redrive| redrive.max_receive_count),
            content_based_deduplication: spec.content_based_deduplication,
        }
    }

    fn into_spec(self) -> QueueSpec {
        let redrive = self.dead_letter_queue.zip(self.max_receive_count);

        QueueSpec {
            name: self.name,
            visibility_timeout: self.visibility_timeout,
            delay: self.delay,
            retention: self.retention,
            max_message_size: self.max_message_size,
            receive_wait: self.receive_wait,
            capacity: self.capacity,
            redrive: redrive.map(|(dead_letter_queue, max_receive_count)| Redrive {
                dead_letter_queue,
                max_receive_count,
            }),
            content_based_deduplication: self.content_based_deduplication,
        }
    }
}
