//! The operations that say what a bucket publishes, and where.

use s3_dispatch::EventName;
use s3s::dto::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName,
    GetBucketNotificationConfigurationInput, GetBucketNotificationConfigurationOutput,
    NotificationConfigurationFilter, PutBucketNotificationConfigurationInput,
    PutBucketNotificationConfigurationOutput, QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use s3s::{S3Error, S3Request, S3Response, S3Result};

use crate::aws::arn::{queue_arn, topic_arn};
use crate::s3::requests::notifications::{check, encode_filter, read_configuration};
use crate::s3::service::S3Service;
use crate::s3::store::SendTest;
use crate::topology::{Destination, NotificationSpec};

pub(in crate::s3::operations) async fn put_bucket_notification_configuration(
    service: &S3Service,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<PutBucketNotificationConfigurationOutput>> {
    let input = request.input;
    let buckets = &service.buckets;
    buckets.check(&input.bucket)?;

    let (spec, arns) = read_configuration(&input.bucket, input.notification_configuration)?;
    let is_unchecked = input.skip_destination_validation == Some(true);
    check(&spec, &arns, |destination| {
        is_unchecked || buckets.has_destination(destination)
    })?;

    // S3 checks a destination by the test notification.
    let test = match is_unchecked {
        true => SendTest::No,
        false => SendTest::Yes,
    };
    buckets
        .change(|transaction| transaction.set_notifications(spec, test))
        .await?;

    Ok(S3Response::new(
        PutBucketNotificationConfigurationOutput::default(),
    ))
}

pub(in crate::s3::operations) async fn get_bucket_notification_configuration(
    service: &S3Service,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
    let bucket = &request.input.bucket;
    let published = service.buckets.read(|index| {
        index.bucket(bucket)?;
        Ok::<_, S3Error>(index.published(bucket).cloned())
    })?;

    let mut output = GetBucketNotificationConfigurationOutput::default();
    let Some(spec) = published else {
        return Ok(S3Response::new(output));
    };

    output.event_bridge_configuration = spec.eventbridge.then_some(EventBridgeConfiguration {});
    for notification in &spec.notifications {
        let id = Some(notification.id.clone());
        let (events, filter) = (events(notification), filter(notification));

        match &notification.destination {
            Destination::Topic(name) => {
                let topics = output.topic_configurations.get_or_insert_default();
                topics.push(TopicConfiguration {
                    id,
                    events,
                    filter,
                    topic_arn: topic_arn(name),
                });
            }
            Destination::Queue(name) => {
                let queues = output.queue_configurations.get_or_insert_default();
                queues.push(QueueConfiguration {
                    id,
                    events,
                    filter,
                    queue_arn: queue_arn(name),
                });
            }
        }
    }

    Ok(S3Response::new(output))
}

/// The event types of a configuration. S3 has none for "every event", so they are listed.
fn events(spec: &NotificationSpec) -> Vec<Event> {
    let patterns = spec.events.iter().map(ToString::to_string);
    let types = patterns.flat_map(|pattern| match pattern.as_str() {
        "*" => EventName::KNOWN.iter().map(ToString::to_string).collect(),
        _ => vec![pattern],
    });

    types
        .map(|name| Event::from(format!("s3:{name}")))
        .collect()
}

fn filter(spec: &NotificationSpec) -> Option<NotificationConfigurationFilter> {
    let written = &spec.written;
    let rules = [
        ("Prefix", &written.prefix, &spec.prefix),
        ("Suffix", &written.suffix, &spec.suffix),
    ];
    let rules = rules.into_iter().filter_map(|(name, written, value)| {
        let encoded = || (!value.is_empty()).then(|| encode_filter(value));

        Some(FilterRule {
            name: Some(FilterRuleName::from_static(name)),
            value: Some(written.clone().or_else(encoded)?),
        })
    });
    let rules: Vec<_> = rules.collect();

    (!rules.is_empty()).then_some(NotificationConfigurationFilter {
        key: Some(S3KeyFilter {
            filter_rules: Some(rules),
        }),
    })
}
