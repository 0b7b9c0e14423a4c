//! The diagram of a pipeline: a box for each component, and arrows between them.

use std::collections::BTreeMap;

use s3_dispatch_local::Topology;
use serde::Serialize;
use serde_json::{Value, json};

use super::component::Component;

#[derive(Serialize)]
struct Edge {
    from: Component,
    to: Component,
    kind: &'static str,
    label: String,
}

/// The diagram of a pipeline.
///
/// ```json
/// {"nodes": ["bucket:photos", "queue:uploads"],
///  "edges": [{"from": "bucket:photos", "to": "queue:uploads", "kind": "notifies",
///             "label": "s3:ObjectCreated:*"}]}
/// ```
pub(in crate::ui) fn diagram(topology: &Topology) -> Value {
    json!({"nodes": nodes(topology), "edges": edges(topology)})
}

fn nodes(topology: &Topology) -> Vec<Component> {
    let buckets = topology.buckets.iter().map(|spec| bucket(&spec.name));
    let topics = topology.topics.iter().map(|name| topic(name));
    let buses = has_event_bus(topology).then(Component::event_bus);
    let queues = topology.queues.iter().map(|spec| queue(&spec.name));
    let functions = topology.functions.iter().map(|spec| function(&spec.name));

    buckets
        .chain(topics)
        .chain(buses)
        .chain(queues)
        .chain(functions)
        .collect()
}

fn edges(topology: &Topology) -> Vec<Edge> {
    let subscriptions = topology.subscriptions.iter().map(|spec| Edge {
        from: topic(&spec.topic),
        to: queue(&spec.queue),
        kind: "delivers",
        label: String::from(match spec.filter_policy {
            Some(_) => "filtered",
            None => "everything",
        }),
    });

    let redrives = topology.queues.iter().filter_map(|spec| {
        let redrive = spec.redrive.as_ref()?;

        Some(Edge {
            from: queue(&spec.name),
            to: queue(&redrive.dead_letter_queue),
            kind: "redrives",
            label: format!("after {} receives", redrive.max_receive_count),
        })
    });

    let mappings = topology.mappings.iter().map(|spec| Edge {
        from: queue(&spec.queue),
        to: function(&spec.function),
        kind: "invokes",
        label: format!("batches of {}", spec.batch_size),
    });

    notification_edges(topology)
        .chain(eventbridge_edges(topology))
        .chain(subscriptions)
        .chain(redrives)
        .chain(mappings)
        .collect()
}

fn notification_edges(topology: &Topology) -> impl Iterator<Item = Edge> {
    let notifications = topology.buckets.iter().flat_map(|bucket| {
        bucket
            .notifications
            .iter()
            .map(move |notification| (&bucket.name, notification))
    });
    notifications.filter_map(|(name, notification)| {
        let events = notification.events.iter().map(ToString::to_string);

        Some(Edge {
            from: bucket(name),
            to: Component::destination(&notification.destination)?,
            kind: "notifies",
            label: events.collect::<Vec<_>>().join(", "),
        })
    })
}

/// Whether a bucket sends events to EventBridge.
fn has_event_bus(topology: &Topology) -> bool {
    topology.buckets.iter().any(|bucket| bucket.eventbridge)
}

/// The arrows to and from the event bus: one for each bucket, and one for each queue.
fn eventbridge_edges(topology: &Topology) -> Vec<Edge> {
    let buckets = topology.buckets.iter().filter(|spec| spec.eventbridge);
    let sent = buckets.map(|spec| Edge {
        from: bucket(&spec.name),
        to: Component::event_bus(),
        kind: "notifies",
        label: String::from("every event"),
    });

    let mut rules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for rule in &topology.rules {
        rules.entry(&rule.queue).or_default().push(&rule.name);
    }

    let delivered = rules.into_iter().map(|(name, rules)| Edge {
        from: Component::event_bus(),
        to: queue(name),
        kind: "delivers",
        label: rules.join(", "),
    });

    sent.chain(delivered).collect()
}

fn bucket(name: &str) -> Component {
    Component::bucket(name)
}

fn topic(name: &str) -> Component {
    Component::topic(&name.into())
}

fn queue(name: &str) -> Component {
    Component::queue(&name.into())
}

fn function(name: &str) -> Component {
    Component::function(&name.into())
}
