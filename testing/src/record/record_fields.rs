//! The values of one record.

use std::collections::BTreeMap;

use s3_dispatch_core::EventName;

use super::defaults;
use super::event_data::EventData;

/// The values of one record, with the key not encoded.
#[derive(Debug, Clone)]
pub(crate) struct RecordFields {
    pub(crate) event_version: String,
    pub(crate) event_source: String,
    pub(crate) region: String,
    pub(crate) event_time: String,
    pub(crate) event_name: EventName,
    pub(crate) principal_id: String,
    pub(crate) source_ip: String,
    pub(crate) request_id: String,
    pub(crate) configuration_id: String,
    pub(crate) bucket: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) key: String,
    pub(crate) size: Option<u64>,
    pub(crate) e_tag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) sequencer: Option<String>,
    pub(crate) has_annotation: Option<bool>,
    pub(crate) data: EventData,
}

impl RecordFields {
    /// The default values for this event; optional fields are set if S3 sends them for it.
    pub(crate) fn new(event_name: EventName) -> Self {
        let presence = defaults::presence(&event_name);
        let (principal_id, source_ip) = if defaults::is_done_by_s3(&event_name) {
            (defaults::SERVICE, defaults::SERVICE)
        } else {
            ("AWS:AIDAJDPLRKLG7UEXAMPLE", "172.16.0.1")
        };

        Self {
            event_version: String::from("2.6"),
            event_source: String::from("aws:s3"),
            region: String::from(defaults::REGION),
            event_time: String::from(defaults::TIME),
            principal_id: String::from(principal_id),
            source_ip: String::from(source_ip),
            request_id: String::from(defaults::REQUEST_ID),
            configuration_id: String::from("testConfigRule"),
            bucket: String::from(defaults::BUCKET),
            tags: BTreeMap::new(),
            key: String::from("HappyFace.jpg"),
            size: presence.size.then_some(1024),
            e_tag: presence
                .e_tag
                .then(|| String::from(defaults::E_TAG_OF_NOTHING)),
            version_id: None,
            sequencer: presence
                .sequencer
                .then(|| String::from(defaults::SEQUENCER)),
            has_annotation: None,
            data: EventData::new(&event_name),
            event_name,
        }
    }
}
