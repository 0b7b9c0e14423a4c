//! The pipeline of a project's programs.

use std::error::Error;

use s3_dispatch::EventPattern;
use s3_dispatch_local::{BucketSpec, Destination, NotificationSpec, Topology};
use s3_dispatch_testing::SnsFilterPolicy;
use serde_json::Value;

use super::routes::ProgramRoutes;

/// The bucket of handlers that name none.
const DEFAULT_BUCKET: &str = "amzn-s3-demo-bucket";

const TOPIC: &str = "object-events";

/// Buckets that publish to a topic, and a queue with its function for each program.
pub(super) fn topology(programs: &[(String, ProgramRoutes)]) -> Result<Topology, Box<dyn Error>> {
    let events = events(programs)?;
    let mut topology = Topology::new().with_topic(TOPIC);

    let mut buckets = buckets(programs);
    for bucket in &buckets {
        let to = Destination::Topic(TOPIC.into());
        let notification = NotificationSpec::new(events.clone(), to).with_id(TOPIC);
        topology = topology.with_bucket(BucketSpec::new(*bucket).with_notification(notification));
    }

    let others = programs
        .iter()
        .flat_map(|(_, routes)| &routes.other_buckets);
    for bucket in others.map(String::as_str) {
        if !buckets.contains(&bucket) {
            buckets.push(bucket);
            topology = topology.with_bucket(BucketSpec::new(bucket));
        }
    }

    for (name, routes) in programs {
        let policy = match &routes.filter_policy {
            Value::Null => None,
            policy => Some(SnsFilterPolicy::parse(&policy.to_string())?),
        };
        topology = topology.with_processor(TOPIC, name, policy);
    }

    topology.check()?;
    Ok(topology)
}

/// The buckets that handlers name, and one for those that name none.
fn buckets(programs: &[(String, ProgramRoutes)]) -> Vec<&str> {
    let routes = || programs.iter().map(|(_, routes)| routes);
    let named = routes().flat_map(|routes| routes.buckets.iter().map(String::as_str));
    let default = routes().any(|routes| routes.takes_any_bucket);
    let all = named.chain(default.then_some(DEFAULT_BUCKET));

    let mut buckets = Vec::new();
    for bucket in all {
        if !buckets.contains(&bucket) {
            buckets.push(bucket);
        }
    }

    buckets
}

/// The events that programs take. S3 refuses an event twice, so those that another pattern has are
/// left out.
fn events(programs: &[(String, ProgramRoutes)]) -> Result<Vec<EventPattern>, Box<dyn Error>> {
    let all = programs.iter().flat_map(|(_, routes)| &routes.events);
    let all: Vec<_> = all.map(String::as_str).collect();

    let mut events = Vec::new();
    for event in &all {
        let has_wider = all.iter().any(|other| is_wider(other, event));
        let pattern = EventPattern::parse(event)?;
        if !has_wider && !events.contains(&pattern) {
            events.push(pattern);
        }
    }

    Ok(events)
}

/// Whether a pattern such as `s3:ObjectCreated:*` has all events of another one, and more.
fn is_wider(pattern: &str, other: &str) -> bool {
    let category = pattern.strip_suffix('*');
    pattern != other && category.is_some_and(|category| other.starts_with(category))
}
