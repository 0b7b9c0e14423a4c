//! Reads the invocation of a batch job.

use std::collections::HashSet;

use s3_dispatch_core::ErrorKind;
use s3_dispatch_core::delivery::Envelope;
use serde_json::{Value, json};

use super::node::{Kind, Mistake, Node};
use super::{Content, Fields, Message, Reading, Record, form_decode};

const SOURCE: &str = "aws:s3:batch-operations";
const MARK: &str = "s3-dispatch-backfill";

/// Reads an invocation, or returns `None` if this is not one.
pub(super) fn job(root: &Node<'_>) -> Option<Reading> {
    root.get("invocationSchemaVersion")?;

    let mut mistakes = Vec::new();
    root.required_text("invocationSchemaVersion", &mut mistakes);
    root.required_text("invocationId", &mut mistakes);
    let event = event(root, &mut mistakes).unwrap_or_else(|| "ObjectCreated:Put".to_owned());
    let tasks = root.get("tasks");
    let mut messages = Vec::new();

    match tasks.as_ref().map(|tasks| (tasks, tasks.elements())) {
        None => mistakes.push(root.missing("tasks")),
        Some((tasks, None)) => mistakes.push(tasks.mistake(ErrorKind::InvalidField)),
        Some((_, Some(elements))) => {
            let mut ids = HashSet::new();
            let read = elements
                .iter()
                .filter_map(|element| task(element, &event, &mut mistakes));
            messages.extend(read.collect::<Vec<_>>());

            for (message, element) in messages.iter().zip(&elements) {
                let id = message.context.get("message_id").cloned();
                if !ids.insert(id) {
                    let path = format!("{}.taskId", element.path);
                    mistakes.push(Mistake::new(ErrorKind::InvalidField, path));
                }
            }
        }
    }

    Some(if mistakes.is_empty() {
        Reading::Delivery(Envelope::BatchOperations, messages)
    } else {
        Reading::Refused(mistakes)
    })
}

/// The event that the user arguments name.
fn event(root: &Node<'_>, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let job = root.object("job", mistakes)?;
    job.text("id", mistakes);
    let arguments = job.object("userArguments", mistakes)?;
    let Value::Object(members) = arguments.value else {
        return None;
    };

    for name in members.keys() {
        let value = arguments.get(name);
        match value.map(|value| value.kind()) {
            None | Some(Kind::Text(Some(_))) => {}
            Some(Kind::Text(None)) => mistakes.push(arguments.mistake(ErrorKind::InvalidJson)),
            Some(_) => mistakes.push(arguments.mistake(ErrorKind::InvalidField)),
        }
    }

    let named = arguments.text("eventName", &mut Vec::new())?;
    (!without_prefix(&named).is_empty()).then_some(named)
}

fn without_prefix(name: &str) -> &str {
    name.strip_prefix("s3:").unwrap_or(name)
}

fn task(element: &Node<'_>, event: &str, mistakes: &mut Vec<Mistake>) -> Option<Message> {
    if !element.is_object() {
        mistakes.push(element.mistake(ErrorKind::InvalidField));
        return None;
    }

    let id = element.required_text("taskId", mistakes);
    let key = element.required_text("s3Key", mistakes);
    let version = element.text("s3VersionId", mistakes);
    let before = mistakes.len();
    let arn = element.text("s3BucketArn", mistakes);
    let named = element.text("s3Bucket", mistakes);
    let from_arn = || Some(arn.as_ref()?.rsplit(':').next()?.to_owned());
    let bucket = named.or_else(from_arn).filter(|name| !name.is_empty());

    if bucket.is_none() && mistakes.len() == before {
        mistakes.push(element.missing("s3BucketArn"));
    }

    let (id, key, bucket) = (id?, key?, bucket?);
    let record = record(
        event,
        &bucket,
        arn.as_deref(),
        &key,
        version.as_deref(),
        element,
    );

    Some(Message {
        context: Fields::from([("message_id".to_owned(), id)]),
        envelopes: vec![Envelope::BatchOperations],
        content: Ok(Content::Records(vec![record])),
        body: None,
    })
}

fn record(
    event: &str,
    bucket: &str,
    arn: Option<&str>,
    key: &str,
    version: Option<&str>,
    element: &Node<'_>,
) -> Record {
    let fields = [
        ("event_name", Some(without_prefix(event).to_owned())),
        ("event_source", Some(SOURCE.to_owned())),
        ("configuration_id", Some(MARK.to_owned())),
        ("bucket.name", Some(bucket.to_owned())),
        ("bucket.arn", arn.map(str::to_owned)),
        ("object.key", Some(form_decode(key))),
        ("object.key.sent", Some(key.to_owned())),
        ("object.version_id", version.map(str::to_owned)),
    ];
    let told = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));

    let mut raw = json!({
        "eventSource": SOURCE,
        "eventName": event,
        "s3": {
            "configurationId": MARK,
            "bucket": {"name": bucket},
            "object": {"key": key},
        },
    });
    if let Some(arn) = arn {
        raw["s3"]["bucket"]["arn"] = Value::from(arn);
    }
    if let Some(version) = version {
        raw["s3"]["object"]["versionId"] = Value::from(version);
    }

    Record {
        fields: told.collect(),
        raw,
        marks: element.marks,
    }
}
