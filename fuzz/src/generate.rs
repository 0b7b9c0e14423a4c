//! Generates plausible payloads with a few unusual details, from the bytes of the fuzzer.

mod json;
mod values;

use arbitrary::{Error, Result, Unstructured};

use json::{Json, write};
use values::{flag, junk, key, name, number, source, word};

type Bytes<'a, 'b> = &'a mut Unstructured<'b>;
type Value = fn(Bytes<'_, '_>) -> Result<Json>;
type Members = &'static [(&'static str, Value)];

/// The longest document in bytes. Without a limit, escapes of escapes grow without end.
const LONGEST: usize = 32_768;

/// A payload, broken in up to three places.
pub(crate) fn payload(u: Bytes<'_, '_>) -> Result<Vec<u8>> {
    let mut bytes = document(u, 0)?.into_bytes();
    for _ in 0..u.int_in_range(0..=6u8)?.saturating_sub(3) {
        break_one_place(u, &mut bytes)?;
    }

    Ok(bytes)
}

fn break_one_place(u: Bytes<'_, '_>, bytes: &mut Vec<u8>) -> Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }

    let at = u.choose_index(bytes.len())?;
    match u.int_in_range(0..=5u8)? {
        0 => bytes[at] = *u.choose(br#""\{}[]:,u0-. "#)?,
        1 => bytes[at] = u.arbitrary()?,
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, u.arbitrary()?),
        4 => bytes.truncate(at),
        _ => {
            let end = (at + u.int_in_range(1..=64usize)?).min(bytes.len());
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }

    Ok(())
}

/// The text of a payload or a body.
fn document(u: Bytes<'_, '_>, depth: u8) -> Result<String> {
    let json = match u.int_in_range(0..=if depth < 6 { 40u8 } else { 15 })? {
        0..=5 => notification(u)?,
        6..=10 => object(u, EVENT)?,
        11 | 12 => object(u, TEST_EVENT)?,
        13 => junk(u)?,
        14 => object(u, ANYTHING)?,
        15 => return Ok(String::from_utf8_lossy(u.bytes(u.len().min(40))?).into_owned()),
        16..=23 => batch(u, depth, sqs_message)?,
        24..=26 => batch(u, depth, sns_entry)?,
        32 | 33 => destination_record(u, depth)?,
        34 => elements_of(batch(u, depth, sqs_message)?),
        35 | 36 => received_messages(u, depth)?,
        37 => confirmation(u)?,
        38 => without_type(object(u, EVENT)?),
        39 | 40 => job(u)?,
        _ => sns_message(u, depth)?,
    };

    let style = u.arbitrary()?;
    let mut text = String::new();
    write(u, &json, style, &mut text)?;

    if text.len() > LONGEST {
        Err(Error::IncorrectFormat)
    } else {
        Ok(text)
    }
}

fn notification(u: Bytes<'_, '_>) -> Result<Json> {
    let mut records = vec![object(u, RECORD)?];
    while records.len() < 4 && u.ratio(1, 4u8)? {
        records.push(match u.int_in_range(0..=5u8)? {
            0 => object(u, TEST_EVENT)?,
            1 => junk(u)?,
            _ => object(u, RECORD)?,
        });
    }

    let mut members = vec![(String::from("Records"), Json::Array(records))];
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

/// An invocation of a batch job.
fn job(u: Bytes<'_, '_>) -> Result<Json> {
    let mut tasks = vec![object(u, TASK)?];
    while tasks.len() < 4 && u.ratio(1, 3u8)? {
        tasks.push(if u.ratio(1, 16u8)? {
            junk(u)?
        } else {
            object(u, TASK)?
        });
    }

    let Json::Object(mut members) = object(u, JOB_INVOCATION)? else {
        return junk(u);
    };
    members.push((String::from("tasks"), Json::Array(tasks)));

    Ok(Json::Object(members))
}

fn batch(
    u: Bytes<'_, '_>,
    depth: u8,
    element: fn(Bytes<'_, '_>, u8) -> Result<Json>,
) -> Result<Json> {
    let mut elements = vec![element(u, depth)?];
    while elements.len() < 4 && u.ratio(1, 3u8)? {
        elements.push(if u.ratio(1, 16u8)? {
            junk(u)?
        } else {
            element(u, depth)?
        });
    }

    let mut members = vec![(String::from("Records"), Json::Array(elements))];
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

fn sqs_message(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let body = body(u, depth)?;
    let Json::Object(mut members) = object(u, SQS_MESSAGE)? else {
        return junk(u);
    };

    members.insert(0, (String::from("messageId"), word(u)?));
    members.push((String::from("body"), body));
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

/// What Lambda sends to a destination.
fn destination_record(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let mut members = vec![
        (String::from("version"), word(u)?),
        (
            String::from("requestPayload"),
            Json::Raw(document(u, depth + 1)?),
        ),
    ];
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

/// What SQS answers to a receive.
fn received_messages(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let mut message = vec![
        (String::from("MessageId"), word(u)?),
        (String::from("ReceiptHandle"), word(u)?),
        (String::from("Body"), body(u, depth)?),
    ];
    disturb(u, &mut message)?;
    let messages = Json::Array(vec![Json::Object(message)]);

    Ok(Json::Object(vec![(String::from("Messages"), messages)]))
}

fn confirmation(u: Bytes<'_, '_>) -> Result<Json> {
    let kind = if u.arbitrary()? {
        "SubscriptionConfirmation"
    } else {
        "UnsubscribeConfirmation"
    };
    let mut members = vec![
        (String::from("Type"), Json::Text(kind.to_owned())),
        (String::from("TopicArn"), word(u)?),
    ];
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

/// The elements of a batch, as EventBridge Pipes sends them.
fn elements_of(batch: Json) -> Json {
    match batch {
        Json::Object(mut members) if !members.is_empty() => members.remove(0).1,
        other => other,
    }
}

/// An event as Amazon Security Lake sends it.
fn without_type(event: Json) -> Json {
    match event {
        Json::Object(mut members) => {
            members.retain(|(name, _)| !["version", "id", "detail-type"].contains(&name.as_str()));
            Json::Object(members)
        }
        other => other,
    }
}

fn sns_entry(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let mut members = vec![
        (String::from("EventSource"), word(u)?),
        (String::from("Sns"), sns_message(u, depth)?),
    ];
    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

fn sns_message(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let mut members = vec![
        (
            String::from("Type"),
            Json::Text(String::from("Notification")),
        ),
        (String::from("MessageId"), word(u)?),
        (String::from("Message"), body(u, depth)?),
    ];

    disturb(u, &mut members)?;

    Ok(Json::Object(members))
}

/// A document as a string, or sometimes as a JSON value.
fn body(u: Bytes<'_, '_>, depth: u8) -> Result<Json> {
    let inner = document(u, depth + 1)?;
    Ok(if u.ratio(1, 12u8)? {
        Json::Raw(inner)
    } else {
        Json::Text(inner)
    })
}

const RECORD: Members = &[
    ("eventVersion", word),
    ("eventSource", source),
    ("awsRegion", word),
    ("eventTime", word),
    ("eventName", name),
    ("userIdentity", |u| object(u, &[("principalId", word)])),
    ("requestParameters", |u| {
        object(u, &[("sourceIPAddress", word)])
    }),
    ("responseElements", |u| {
        object(u, &[("x-amz-request-id", word), ("x-amz-id-2", word)])
    }),
    ("s3", |u| object(u, S3)),
    ("glacierEventData", |u| {
        rare(u, &[("restoreEventData", restore)])
    }),
    ("replicationEventData", |u| rare(u, REPLICATION)),
    ("intelligentTieringEventData", |u| {
        rare(u, &[("destinationAccessTier", word)])
    }),
    ("lifecycleEventData", |u| {
        rare(u, &[("transitionEventData", transition)])
    }),
    ("objectAnnotation", annotations),
    ("objectRetentionEventData", |u| rare(u, RETENTION)),
];

const S3: Members = &[
    ("configurationId", word),
    ("bucket", |u| object(u, BUCKET)),
    ("object", |u| object(u, OBJECT)),
    ("objectAnnotation", annotations),
];

const BUCKET: Members = &[
    ("name", word),
    ("ownerIdentity", |u| object(u, &[("principalId", word)])),
    ("arn", word),
    ("awsGeneratedTags", tags),
];

const OBJECT: Members = &[
    ("key", key),
    ("size", number),
    ("eTag", word),
    ("versionId", word),
    ("sequencer", word),
    ("hasObjectAnnotation", flag),
];

const REPLICATION: Members = &[
    ("replicationRuleId", word),
    ("destinationBucket", word),
    ("s3Operation", word),
    ("requestTime", word),
    ("failureReason", word),
    ("threshold", number),
    ("replicationTime", number),
];

const RETENTION: Members = &[
    ("mode", word),
    ("retainUntilDate", word),
    ("eventHold", word),
    ("eventHoldDuration", |u| object(u, DURATION)),
];

const DURATION: Members = &[("days", number), ("years", number)];

const EVENT: Members = &[
    ("detail-type", name),
    ("source", |_| Ok(Json::Text(String::from("aws.s3")))),
    ("time", word),
    ("region", word),
    ("resources", |u| Ok(Json::Array(vec![word(u)?]))),
    ("detail", |u| object(u, DETAIL)),
];

const DETAIL: Members = &[
    ("bucket", |u| {
        object(u, &[("name", word), ("aws-generated-tags", tags)])
    }),
    ("object", |u| object(u, BRIDGED_OBJECT)),
    ("request-id", word),
    ("requester", word),
    ("source-ip-address", word),
    ("reason", name),
    ("deletion-type", name),
    ("restore-expiry-time", word),
    ("source-storage-class", word),
    ("destination-storage-class", word),
    ("destination-access-tier", word),
    ("object-annotation", annotations),
    ("object-retention-event-data", |u| {
        rare(u, BRIDGED_RETENTION)
    }),
];

const BRIDGED_OBJECT: Members = &[
    ("key", key),
    ("size", number),
    ("etag", word),
    ("version-id", word),
    ("sequencer", word),
    ("has-object-annotation", flag),
];

const BRIDGED_RETENTION: Members = &[
    ("mode", word),
    ("retain-until-date", word),
    ("event-hold", word),
    ("event-hold-duration", |u| object(u, DURATION)),
];

const TEST_EVENT: Members = &[
    ("Service", word),
    ("Event", |_| Ok(Json::Text(String::from("s3:TestEvent")))),
    ("Time", word),
    ("Bucket", word),
    ("RequestId", word),
    ("HostId", word),
];

const JOB_INVOCATION: Members = &[
    ("invocationSchemaVersion", |u| {
        Ok(Json::Text(String::from(*u.choose(&["1.0", "2.0"])?)))
    }),
    ("invocationId", word),
    ("job", |u| object(u, JOB)),
];

const JOB: Members = &[
    ("id", word),
    ("userArguments", |u| object(u, USER_ARGUMENTS)),
];

const USER_ARGUMENTS: Members = &[("eventName", name), ("reason", word)];

const TASK: Members = &[
    ("taskId", word),
    ("s3Key", key),
    ("s3VersionId", word),
    ("s3BucketArn", |_| {
        Ok(Json::Text(String::from("arn:aws:s3:::b")))
    }),
    ("s3Bucket", word),
];

const SQS_MESSAGE: Members = &[
    ("receiptHandle", word),
    ("attributes", |u| object(u, ATTRIBUTES)),
    ("eventSource", |_| Ok(Json::Text(String::from("aws:sqs")))),
    ("eventSourceARN", word),
];

const ATTRIBUTES: Members = &[
    ("ApproximateReceiveCount", number),
    ("AWSTraceHeader", word),
    ("MessageGroupId", word),
];

/// A mixture of the members that identify an envelope.
const ANYTHING: Members = &[
    ("Records", junk),
    ("Event", |_| Ok(Json::Text(String::from("s3:TestEvent")))),
    ("Type", |_| Ok(Json::Text(String::from("Notification")))),
    ("Message", junk),
    ("source", |_| Ok(Json::Text(String::from("aws.s3")))),
    ("detail-type", name),
    ("detail", |u| object(u, DETAIL)),
];

fn rare(u: Bytes<'_, '_>, members: Members) -> Result<Json> {
    if u.ratio(1, 3u8)? {
        object(u, members)
    } else {
        Ok(Json::Raw(String::from("null")))
    }
}

fn restore(u: Bytes<'_, '_>) -> Result<Json> {
    object(
        u,
        &[
            ("lifecycleRestorationExpiryTime", word),
            ("lifecycleRestoreStorageClass", word),
        ],
    )
}

fn transition(u: Bytes<'_, '_>) -> Result<Json> {
    object(u, &[("destinationStorageClass", word)])
}

fn annotations(u: Bytes<'_, '_>) -> Result<Json> {
    let one: Value = |u| {
        object(
            u,
            &[
                ("name", word),
                ("size", number),
                ("eTag", word),
                ("etag", word),
            ],
        )
    };

    Ok(match u.int_in_range(0..=7u8)? {
        0..=3 => Json::Raw(String::from("null")),
        4 => one(u)?,
        5 => Json::Array(Vec::new()),
        6 => Json::Array(vec![one(u)?]),
        _ => Json::Array(vec![one(u)?, one(u)?]),
    })
}

fn tags(u: Bytes<'_, '_>) -> Result<Json> {
    let mut members = Vec::new();
    while members.len() < 4 && u.ratio(1, 2u8)? {
        let (Json::Text(tag), Json::Text(value)) = (word(u)?, word(u)?) else {
            continue;
        };
        members.push((tag, Json::Text(value)));
    }

    if u.ratio(1, 4u8)? {
        disturb(u, &mut members)?;
    }

    Ok(Json::Object(members))
}

fn object(u: Bytes<'_, '_>, members: Members) -> Result<Json> {
    let mut written = Vec::new();
    for (name, value) in members {
        let name = || String::from(*name);
        match u.arbitrary::<u8>()? {
            0..=234 => written.push((name(), value(u)?)),
            235..=239 => {}
            240..=242 => written.push((name(), Json::Raw(String::from("null")))),
            243..=244 => written.push((name(), Json::Text(String::new()))),
            245..=247 => written.push((name(), junk(u)?)),
            248..=250 => written.extend([(name(), junk(u)?), (name(), value(u)?)]),
            251..=252 => written.extend([(name(), value(u)?), (name(), value(u)?)]),
            _ => written.extend([
                (name(), value(u)?),
                (name(), Json::Raw(String::from("null"))),
            ]),
        }
    }

    if u.ratio(1, 8u8)? {
        disturb(u, &mut written)?;
    }

    Ok(Json::Object(written))
}

/// Changes the order, repeats a member, or adds a member that is unknown or belongs elsewhere.
fn disturb(u: Bytes<'_, '_>, members: &mut Vec<(String, Json)>) -> Result<()> {
    match u.int_in_range(0..=19u8)? {
        0..=9 => {}
        again @ 16.. if !members.is_empty() => {
            let name = members[u.choose_index(members.len())?].0.clone();
            members.insert(if again < 18 { 0 } else { members.len() }, (name, junk(u)?));
        }
        10 => members.push((String::from("unknown"), junk(u)?)),
        11 => members.insert(0, (String::from(*u.choose(NAMES)?), junk(u)?)),
        12 => members.push((String::from(*u.choose(NAMES)?), junk(u)?)),
        13 => drop(members.pop()),
        _ => {
            for last in (1..members.len()).rev() {
                members.swap(last, u.int_in_range(0..=last)?);
            }
        }
    }

    Ok(())
}

const NAMES: &[&str] = &[
    "Records",
    "s3",
    "Event",
    "Type",
    "Message",
    "source",
    "detail",
    "Sns",
    "messageId",
    "receiptHandle",
    "body",
    "eventSource",
    "bucket",
    "object",
    "key",
    "name",
    "objectAnnotation",
    "",
    "\u{f8ff}",
    "\u{fdd0}",
    "a\"b",
];
