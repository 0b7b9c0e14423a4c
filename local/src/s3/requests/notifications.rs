//! Reads and checks the notification configuration that a client puts.
//!
//! The texts of errors begin with what S3 answers, and say then what it is about.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3_dispatch::EventPattern;
use s3s::dto::{Event, FilterRule, NotificationConfiguration, NotificationConfigurationFilter};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::aws::arn::{ACCOUNT, REGION};
use crate::topology::{
    BucketSpec, Destination, NotificationMistake, NotificationSpec, WrittenFilter, parse_event_type,
};

/// The characters of a filter that are encoded, as in a notification. A space becomes a `+`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b' ')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*')
    .remove(b'/');

/// The part of a configuration that all kinds of destinations have.
struct Part {
    id: Option<String>,
    events: Vec<Event>,
    filter: Option<NotificationConfigurationFilter>,
}

/// Reads a configuration. Returns also the ARN of each destination.
pub(in crate::s3) fn read_configuration(
    bucket: &str,
    configuration: NotificationConfiguration,
) -> S3Result<(BucketSpec, Vec<String>)> {
    let mut spec = BucketSpec::new(bucket);
    spec.eventbridge = configuration.event_bridge_configuration.is_some();
    let mut arns = Vec::new();

    for topic in configuration.topic_configurations.unwrap_or_default() {
        let name = name_in_arn(&topic.topic_arn, "sns", "Topic")?;
        let part = Part {
            id: topic.id,
            events: topic.events,
            filter: topic.filter,
        };
        spec.notifications
            .push(part.into_spec(Destination::Topic(name))?);
        arns.push(topic.topic_arn);
    }

    for queue in configuration.queue_configurations.unwrap_or_default() {
        let name = name_in_arn(&queue.queue_arn, "sqs", "Queue")?;
        let part = Part {
            id: queue.id,
            events: queue.events,
            filter: queue.filter,
        };
        spec.notifications
            .push(part.into_spec(Destination::Queue(name))?);
        arns.push(queue.queue_arn);
    }

    let functions = configuration.lambda_function_configurations;
    if let Some(function) = functions.unwrap_or_default().into_iter().next() {
        let arn = function.lambda_function_arn;
        name_in_arn(&arn, "lambda", "CloudFunction")?;
        return Err(s3_error!(
            NotImplemented,
            "the pipeline cannot invoke `{arn}` from a bucket; publish to a queue, and give the \
             function an event source mapping of the queue (`[[mapping]]`)"
        ));
    }

    Ok((spec, arns))
}

/// Checks a configuration as S3 does. `arns` are those of its destinations.
pub(in crate::s3) fn check(
    spec: &BucketSpec,
    arns: &[String],
    has_destination: impl Fn(&Destination) -> bool,
) -> S3Result<()> {
    if let Some(mistake) = NotificationMistake::find(&spec.notifications) {
        let text = match &mistake {
            NotificationMistake::NoEvents { .. } => return Err(s3_error!(MalformedXML)),
            NotificationMistake::UnknownEvent { .. } => UNSUPPORTED_EVENT,
            NotificationMistake::FifoQueue { .. } => "FIFO SQS queues are not supported",
            NotificationMistake::LongFilter { .. } => {
                "Size of filter rule value cannot exceed 1024 bytes in UTF-8 representation"
            }
            NotificationMistake::SameId { .. } => {
                "Same ID used for multiple configurations. IDs must be unique"
            }
            NotificationMistake::Overlap { earlier, later, .. } => overlap_text(earlier, later),
        };
        return Err(invalid(format!("{text}: {mistake}")));
    }

    let notifications = spec.notifications.iter().zip(arns);
    let missing = notifications.filter(|(spec, _)| !has_destination(&spec.destination));
    let missing: Vec<_> = missing
        .map(|(spec, arn)| match spec.destination {
            Destination::Topic(_) => format!("{arn} (The destination topic does not exist)"),
            Destination::Queue(_) => format!("{arn} (The destination queue does not exist)"),
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }

    Err(unknown_destinations(&missing.join(", ")))
}

/// Encodes a prefix or a suffix as S3 wants it in a configuration.
pub(in crate::s3) fn encode_filter(text: &str) -> String {
    utf8_percent_encode(text, ENCODED)
        .to_string()
        .replace(' ', "+")
}

impl Part {
    fn into_spec(self, destination: Destination) -> S3Result<NotificationSpec> {
        let events = self.events.iter().map(read_event);
        let events: Vec<_> = events.collect::<S3Result<_>>()?;
        let written = read_filter(self.filter)?;
        let decoded = |written: &Option<String>| decode(written.as_deref().unwrap_or_default());

        let mut spec = NotificationSpec::new(events, destination)
            .with_id(self.id.unwrap_or_default())
            .with_prefix(decoded(&written.prefix))
            .with_suffix(decoded(&written.suffix));
        spec.written = written;

        Ok(spec)
    }
}

const UNSUPPORTED_EVENT: &str = "The event is not supported for notifications";

fn read_event(event: &Event) -> S3Result<EventPattern> {
    parse_event_type(event.as_ref())
        .map_err(|reason| invalid(format!("{UNSUPPORTED_EVENT}: {reason}")))
}

fn read_filter(filter: Option<NotificationConfigurationFilter>) -> S3Result<WrittenFilter> {
    let key = filter.and_then(|filter| filter.key);
    let rules = key.and_then(|key| key.filter_rules).unwrap_or_default();
    let mut written = WrittenFilter::default();

    for FilterRule { name, value } in rules {
        let (Some(name), Some(value)) = (name, value) else {
            return Err(s3_error!(
                MalformedXML,
                "a filter rule needs a name and a value"
            ));
        };

        let name = name.as_str().to_ascii_lowercase();
        let place = match name.as_str() {
            "prefix" => &mut written.prefix,
            "suffix" => &mut written.suffix,
            _ => {
                return Err(invalid(format!(
                    "filter rule name must be either prefix or suffix, not `{name}`"
                )));
            }
        };
        if place.replace(value).is_some() {
            return Err(invalid(format!(
                "Cannot specify more than one {name} rule in a filter."
            )));
        }
    }

    Ok(written)
}

/// Decodes a prefix or a suffix. What is not UTF-8 then is taken as it is written.
fn decode(written: &str) -> String {
    let spaces = written.replace('+', " ");
    match percent_decode_str(&spaces).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => written.to_owned(),
    }
}

/// The name in the ARN of a topic, a queue or a function. `argument` is its name in the request.
fn name_in_arn(arn: &str, service: &str, argument: &str) -> S3Result<String> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", partition, own, region, account, name] = parts[..] else {
        return Err(unparsable(arn, argument));
    };
    if !partition.starts_with("aws") || own != service || name.is_empty() {
        return Err(unparsable(arn, argument));
    }

    if region != REGION {
        return Err(invalid(format!(
            "The notification destination service region is not valid for the bucket location \
             constraint: everything here is in {REGION}, not in {region}"
        )));
    }

    if account != ACCOUNT {
        return Err(unknown_destinations(&format!(
            "{arn} (everything here is in the account {ACCOUNT})"
        )));
    }

    Ok(name.to_owned())
}

fn unknown_destinations(which: &str) -> S3Error {
    invalid(format!(
        "Unable to validate the following destination configurations: {which}"
    ))
}

fn unparsable(arn: &str, argument: &str) -> S3Error {
    invalid(format!(
        "The ARN could not be parsed: `{arn}` in `{argument}`"
    ))
}

/// What S3 says about two configurations that overlap.
fn overlap_text(one: &NotificationSpec, other: &NotificationSpec) -> &'static str {
    let has_filter = |spec: &NotificationSpec| !spec.prefix.is_empty() || !spec.suffix.is_empty();

    match has_filter(one) || has_filter(other) {
        true => {
            "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules \
             if the prefixes are overlapping for the same event type"
        }
        false => {
            "Configurations overlap. Configurations on the same bucket cannot share a common event \
             type"
        }
    }
}

fn invalid(message: String) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message)
}
