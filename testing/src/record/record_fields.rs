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
    /// The id of the event in EventBridge's form.
    pub(crate) eventbridge_id: String,
    pub(crate) configuration_id: String,
    pub(crate) bucket: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) key: String,
    pub(crate) size: Option<u64>,
    pub(crate) e_tag: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) sequencer: Sequencer,
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
            eventbridge_id: String::from("17793124-05d4-b198-2fde-7ededc63b103"),
            configuration_id: String::from("testConfigRule"),
            bucket: String::from(defaults::BUCKET),
            tags: BTreeMap::new(),
            key: String::from("HappyFace.jpg"),
            size: presence.size.then_some(1024),
            e_tag: presence
                .e_tag
                .then(|| String::from(defaults::E_TAG_OF_NOTHING)),
            version_id: None,
            sequencer: if presence.sequencer {
                Sequencer::Numbered(defaults::sequencer(0))
            } else {
                Sequencer::Absent
            },
            has_annotation: None,
            data: EventData::new(&event_name),
            event_name,
        }
    }
    /// Gives the record the default sequencer of this number, unless the test has set or removed
    /// its sequencer.
    pub(crate) fn number(&mut self, number: usize) {
        if let Sequencer::Numbered(_) = self.sequencer {
            self.sequencer = Sequencer::Numbered(defaults::sequencer(number));
        }
    }
}

/// The sequencer of a record.
#[derive(Debug, Clone)]
pub(crate) enum Sequencer {
    Absent,
    /// The default: it depends on how many records the payload has before this one.
    Numbered(String),
    /// The one that the test has set.
    Given(String),
}

impl Sequencer {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        match self {
            Self::Absent => None,
            Self::Numbered(text) | Self::Given(text) => Some(text),
        }
    }
}

impl From<String> for Sequencer {
    fn from(text: String) -> Self {
        Self::Given(text)
    }
}
