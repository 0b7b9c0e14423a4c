//! Reads the fields of a record.

use std::collections::BTreeMap;

use s3_dispatch_core::ErrorKind;
use serde_json::Value;

use super::node::{Mistake, Node};

/// The fields of a record or a test event, by name. A field that is `None` is absent.
pub type Fields = BTreeMap<String, String>;

pub(super) struct FieldReader<'m> {
    pub(super) fields: Fields,
    pub(super) mistakes: &'m mut Vec<Mistake>,
}

impl FieldReader<'_> {
    pub(super) fn set(&mut self, field: &str, value: Option<String>) {
        if let Some(value) = value {
            self.fields.insert(field.to_owned(), value);
        }
    }

    pub(super) fn text(&mut self, field: &str, node: Option<&Node<'_>>, name: &str) {
        let text = node.and_then(|node| node.text(name, self.mistakes));
        self.set(field, text);
    }

    pub(super) fn texts(&mut self, node: &Node<'_>, names: &[(&str, &str)]) {
        for (field, name) in names {
            self.text(field, Some(node), name);
        }
    }

    pub(super) fn natural(&mut self, field: &str, node: &Node<'_>, name: &str) {
        let number = node.natural(name, self.mistakes);
        self.set(field, number);
    }

    pub(super) fn object<'v>(&mut self, node: &Node<'v>, name: &str) -> Option<Node<'v>> {
        node.object(name, self.mistakes)
    }

    /// An object that is required.
    pub(super) fn required<'v>(&mut self, node: &Node<'v>, name: &str) -> Option<Node<'v>> {
        let before = self.mistakes.len();
        let object = node.object(name, self.mistakes);

        if object.is_none() && self.mistakes.len() == before {
            self.mistakes.push(node.missing(name));
        }

        object
    }

    pub(super) fn key(&mut self, object: &Node<'_>, is_encoded: bool) {
        if let Some(sent) = object.required_text("key", self.mistakes) {
            let key = if is_encoded {
                super::form_decode(&sent)
            } else {
                sent.clone()
            };
            self.set("object.key", Some(key));
            self.set("object.key.sent", Some(sent));
        }
    }

    pub(super) fn tags(&mut self, bucket: &Node<'_>, name: &str) {
        let Some(tags) = self.object(bucket, name) else {
            return;
        };

        self.set("bucket.tags", Some(String::new()));
        let Value::Object(members) = tags.value else {
            return;
        };

        for (tag, value) in members {
            if tags.readable(tag).is_none() {
                self.mistakes.push(tags.mistake(ErrorKind::InvalidJson));
            } else if value.as_str() == Some("") {
                self.set(&format!("bucket.tags.{tag}"), Some(String::new()));
            } else {
                self.tag(&tags, tag);
            }
        }
    }

    /// Reads a tag. The path of a mistake in it is the path of the tags.
    pub(super) fn tag(&mut self, tags: &Node<'_>, tag: &str) {
        let mut mistakes = Vec::new();
        let value = tags.text(tag, &mut mistakes);

        self.mistakes
            .extend(mistakes.into_iter().map(|mistake| Mistake {
                path: tags.path.clone(),
                ..mistake
            }));

        self.set(&format!("bucket.tags.{tag}"), value);
    }

    pub(super) fn annotation(&mut self, index: usize, node: &Node<'_>) {
        if !node.is_object() {
            self.mistakes.push(node.mistake(ErrorKind::InvalidField));
            return;
        }

        let name = node.required_text("name", self.mistakes);
        self.set(&format!("annotations.{index}.name"), name);
        self.natural(&format!("annotations.{index}.size"), node, "size");
        let e_tag = node
            .text("eTag", self.mistakes)
            .or_else(|| node.text("etag", self.mistakes));
        self.set(&format!("annotations.{index}.e_tag"), e_tag);
    }

    /// Reads one annotation or a list of them, and returns whether there is one.
    pub(super) fn annotations(&mut self, node: &Node<'_>, name: &str) -> bool {
        let Some(annotations) = node.get(name) else {
            return false;
        };

        match annotations.elements() {
            Some(elements) => {
                elements
                    .iter()
                    .enumerate()
                    .for_each(|(index, element)| self.annotation(index, element));
            }
            None => self.annotation(0, &annotations),
        }

        true
    }

    pub(super) fn retention(&mut self, node: &Node<'_>, name: &str, names: [&str; 4]) {
        let Some(retention) = self.object(node, name) else {
            return;
        };

        self.set("retention", Some(String::new()));
        let [mode, until, hold, duration] = names;

        self.texts(
            &retention,
            &[
                ("retention.mode", mode),
                ("retention.retain_until", until),
                ("retention.event_hold", hold),
            ],
        );

        let Some(duration) = self.object(&retention, duration) else {
            return;
        };

        self.set("retention.event_hold_duration", Some(String::new()));
        self.natural("retention.event_hold_duration.days", &duration, "days");
        self.natural("retention.event_hold_duration.years", &duration, "years");
    }
}

/// Reads an element of `Records`.
pub(crate) fn s3_record(record: &Node<'_>, mistakes: &mut Vec<Mistake>) -> Fields {
    let mut read = FieldReader {
        fields: Fields::new(),
        mistakes,
    };
    let name = record.required_text("eventName", read.mistakes);
    read.set(
        "event_name",
        name.map(|name| name.strip_prefix("s3:").unwrap_or(&name).to_owned()),
    );

    read.texts(
        record,
        &[
            ("event_time", "eventTime"),
            ("event_version", "eventVersion"),
            ("event_source", "eventSource"),
            ("region", "awsRegion"),
        ],
    );

    let identity = read.object(record, "userIdentity");
    read.text("principal_id", identity.as_ref(), "principalId");
    let request = read.object(record, "requestParameters");
    read.text("source_ip", request.as_ref(), "sourceIPAddress");
    let response = read.object(record, "responseElements");
    read.text("request_id", response.as_ref(), "x-amz-request-id");
    read.text("host_id", response.as_ref(), "x-amz-id-2");
    let encoded = matches!(
        read.fields.get("event_source").map(String::as_str),
        Some("aws:s3" | "aws:s3:batch-operations" | "minio:s3" | "rustfs:s3" | "storj:s3")
    );
    let s3 = read.required(record, "s3");

    if let Some(s3) = &s3 {
        read.text("configuration_id", Some(s3), "configurationId");
        if let Some(bucket) = read.required(s3, "bucket") {
            let name = bucket.required_text("name", read.mistakes);
            read.set("bucket.name", name);
            read.text("bucket.arn", Some(&bucket), "arn");
            let owner = read.object(&bucket, "ownerIdentity");
            read.text("bucket.owner", owner.as_ref(), "principalId");
            read.tags(&bucket, "awsGeneratedTags");
        }

        if let Some(object) = read.required(s3, "object") {
            read.key(&object, encoded);
            read.natural("object.size", &object, "size");

            read.texts(
                &object,
                &[
                    ("object.e_tag", "eTag"),
                    ("object.version_id", "versionId"),
                    ("object.sequencer", "sequencer"),
                ],
            );

            let flag = object.bool("hasObjectAnnotation", read.mistakes);
            read.set("object.has_annotation", flag);
        }
    }

    data(record, &mut read);
    // Both places are read, and the record has priority.
    let in_s3 = s3.is_some_and(|s3| read.annotations(&s3, "objectAnnotation"));

    if record.get("objectAnnotation").is_some() {
        if in_s3 {
            read.fields
                .retain(|name, _| !name.starts_with("annotations."));
        }

        read.annotations(record, "objectAnnotation");
    }

    read.fields
}

/// Reads the extra data of some events.
fn data(record: &Node<'_>, read: &mut FieldReader<'_>) {
    if let Some(glacier) = read.object(record, "glacierEventData")
        && let Some(restore) = read.object(&glacier, "restoreEventData")
    {
        read.set("restore", Some(String::new()));
        read.texts(
            &restore,
            &[
                ("restore.expiry_time", "lifecycleRestorationExpiryTime"),
                ("restore.storage_class", "lifecycleRestoreStorageClass"),
            ],
        );
    }

    if let Some(replication) = read.object(record, "replicationEventData") {
        read.set("replication", Some(String::new()));
        read.texts(
            &replication,
            &[
                ("replication.rule_id", "replicationRuleId"),
                ("replication.destination_bucket", "destinationBucket"),
                ("replication.operation", "s3Operation"),
                ("replication.request_time", "requestTime"),
                ("replication.failure_reason", "failureReason"),
            ],
        );

        for (field, name) in [
            ("replication.threshold", "threshold"),
            ("replication.time", "replicationTime"),
        ] {
            let minutes = replication.text_or_natural(name, read.mistakes);
            read.set(field, minutes);
        }
    }

    if let Some(tiering) = read.object(record, "intelligentTieringEventData") {
        read.set("tiering", Some(String::new()));
        read.text(
            "tiering.destination_access_tier",
            Some(&tiering),
            "destinationAccessTier",
        );
    }

    if let Some(lifecycle) = read.object(record, "lifecycleEventData")
        && let Some(transition) = read.object(&lifecycle, "transitionEventData")
    {
        read.set("transition", Some(String::new()));
        read.text(
            "transition.destination_storage_class",
            Some(&transition),
            "destinationStorageClass",
        );
    }

    let names = ["mode", "retainUntilDate", "eventHold", "eventHoldDuration"];
    read.retention(record, "objectRetentionEventData", names);
}

/// Reads a test notification.
pub(crate) fn test_event(node: &Node<'_>, mistakes: &mut Vec<Mistake>) -> Fields {
    let mut read = FieldReader {
        fields: Fields::new(),
        mistakes,
    };
    let names = [
        ("service", "Service"),
        ("bucket", "Bucket"),
        ("time", "Time"),
        ("request_id", "RequestId"),
        ("host_id", "HostId"),
    ];

    read.texts(node, &names);

    read.fields
}
