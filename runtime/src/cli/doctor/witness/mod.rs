//! Events that the handlers take, as witnesses against filters.
//!
//! Whether a filter is narrower than the routes is hard to say for all keys. But an event that some
//! route takes and that a filter drops is a proof, and it is what a user can look at. So these are
//! events with keys at the edges: of the routes, and of what the filters themselves say.

mod forms;
mod keys;

use s3_dispatch_core::{EventName, Route};
use serde_json::{Value, json};

use self::forms::{Form, eventbridge, form_of, read};
use self::keys::{keys, spellings};
use super::model::{Resource, UNKNOWN_TEXT, text_of};

/// An event that a route takes.
#[derive(Debug, Clone)]
pub(super) struct Witness<'r> {
    pub(super) route: &'r Route,
    pub(super) event: EventName,
    pub(super) key: String,
    /// The key as S3 may send it. Several, if AWS does not say how a character is spelled.
    pub(super) spelled: Vec<String>,
    /// The name and the ARN of the bucket, or texts that stand for them.
    bucket: [String; 2],
    /// The event in EventBridge's form. `None` if EventBridge does not send it.
    form: Option<&'static Form>,
}

impl<'r> Witness<'r> {
    /// The witnesses for a route, in a bucket or in one that nobody knows. `hints` are the texts of
    /// the filters that they are for.
    pub(super) fn of_route(
        route: &'r Route,
        bucket: Option<&Resource>,
        hints: &[String],
    ) -> Vec<Self> {
        let name = bucket.and_then(|bucket| bucket.get("BucketName").as_str());
        let name = route.bucket().or(name);
        let unknown =
            || bucket.map_or_else(|| UNKNOWN_TEXT.to_owned(), |one| text_of(&one.address));
        let arn = bucket.and_then(Resource::arn);
        let identities = [name, arn].map(|text| text.map_or_else(unknown, str::to_owned));
        let keys = keys(route, hints);
        let mut witnesses = Vec::new();

        for event in events(route) {
            let form = form_of(&event);
            let taken = keys.iter().filter(|key| takes(route, &event, name, key));
            witnesses.extend(taken.map(|key| Self {
                route,
                event: event.clone(),
                key: key.clone(),
                spelled: spellings(key),
                bucket: identities.clone(),
                form,
            }));
        }

        witnesses
    }

    /// S3's notification, with the key in one spelling.
    pub(super) fn notification(&self, key: &str) -> Value {
        let unknown = UNKNOWN_TEXT;
        let [bucket, arn] = &self.bucket;
        json!({"Records": [{
            "eventVersion": unknown,
            "eventSource": "aws:s3",
            "awsRegion": unknown,
            "eventTime": unknown,
            "eventName": self.event.as_str(),
            "userIdentity": {"principalId": unknown},
            "requestParameters": {"sourceIPAddress": unknown},
            "responseElements": {"x-amz-request-id": unknown, "x-amz-id-2": unknown},
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": unknown,
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": {"principalId": unknown},
                    "arn": arn,
                },
                "object": {
                    "key": key,
                    "size": 1,
                    "eTag": unknown,
                    "versionId": unknown,
                    "sequencer": unknown,
                },
            },
        }]})
    }

    /// The event in EventBridge's form, without the members that it does not have.
    pub(super) fn eventbridge(&self) -> Option<Value> {
        let form = self.form?;
        let unknown = UNKNOWN_TEXT;
        let [bucket, arn] = &self.bucket;
        let mut event = eventbridge(form, bucket, &self.key);

        for name in ["id", "account", "time", "region"] {
            event[name] = json!(unknown);
        }
        event["resources"] = json!([arn]);
        for name in ["request-id", "requester", "source-ip-address"] {
            event["detail"][name] = json!(unknown);
        }
        for name in ["etag", "version-id", "sequencer"] {
            event["detail"]["object"][name] = json!(unknown);
        }

        Some(event)
    }

    /// Whether EventBridge has a form of the event.
    pub(super) fn is_sent_by_eventbridge(event: &EventName) -> bool {
        form_of(event).is_some()
    }

    /// Describes the event: `ObjectCreated:Put` of `in/a.jpg`.
    pub(super) fn describe(&self) -> String {
        format!("`{}` of `{}`", self.event, self.key.escape_debug())
    }
}

/// The events that a route takes: those that are known, and those that it names itself.
fn events(route: &Route) -> Vec<EventName> {
    let named = route
        .patterns()
        .iter()
        .filter_map(|pattern| pattern.as_name());
    let known = EventName::KNOWN.iter();
    let known = known.filter(|name| route.patterns().iter().any(|pattern| pattern.matches(name)));

    let mut events: Vec<EventName> = Vec::new();
    for event in known.chain(named) {
        if !events.contains(event) {
            events.push(event.to_detached());
        }
    }

    events
}

fn takes(route: &Route, event: &EventName, bucket: Option<&str>, key: &str) -> bool {
    let [first, ..] = &spellings(key)[..] else {
        return false;
    };
    let record = json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": event.as_str(),
        "s3": {"bucket": {"name": bucket.unwrap_or("bucket")}, "object": {"key": first, "size": 1}},
    }]});

    read(&record).is_some_and(|record| route.matches(&record))
}
