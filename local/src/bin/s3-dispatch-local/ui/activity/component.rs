//! The boxes of the drawing, and the arrows between them.

use std::fmt;
use std::sync::Arc;

use s3_dispatch_local::{Destination, Topology};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// A part of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) name: Arc<str>,
}

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum NodeKind {
    Bucket,
    Topic,
    Queue,
    Function,
}

impl Node {
    pub(crate) fn bucket(name: &str) -> Self {
        Self {
            kind: NodeKind::Bucket,
            name: name.into(),
        }
    }

    pub(crate) fn topic(name: &Arc<str>) -> Self {
        Self {
            kind: NodeKind::Topic,
            name: Arc::clone(name),
        }
    }

    pub(crate) fn queue(name: &Arc<str>) -> Self {
        Self {
            kind: NodeKind::Queue,
            name: Arc::clone(name),
        }
    }

    pub(crate) fn function(name: &Arc<str>) -> Self {
        Self {
            kind: NodeKind::Function,
            name: Arc::clone(name),
        }
    }

    /// `None` for what this page does not know.
    pub(crate) fn destination(destination: &Destination) -> Option<Self> {
        match destination {
            Destination::Queue(name) => Some(Self::queue(&name.as_str().into())),
            Destination::Topic(name) => Some(Self::topic(&name.as_str().into())),
            _ => None,
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            NodeKind::Bucket => "bucket",
            NodeKind::Topic => "topic",
            NodeKind::Queue => "queue",
            NodeKind::Function => "function",
        };
        write!(f, "{kind}:{}", self.name)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The drawing: `{"nodes": ["bucket:uploads", ...], "edges": [{"from": ..., "to": ..., "label":
/// ..., "kind": ...}, ...]}`.
pub(crate) fn drawing(topology: &Topology) -> Value {
    let function = |name: &str| Node::function(&name.into());
    let queue = |name: &str| Node::queue(&name.into());
    let topic = |name: &str| Node::topic(&name.into());
    let edge = |from: Node, to: Node, kind: &str, label: String| json!({"from": from, "to": to, "kind": kind, "label": label});
    let mut nodes = Vec::new();
    let mut edges = Vec::new();

    for bucket in &topology.buckets {
        nodes.push(Node::bucket(&bucket.name));
        for spec in &bucket.notifications {
            let events = spec
                .events
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ");

            if let Some(to) = Node::destination(&spec.destination) {
                edges.push(edge(Node::bucket(&bucket.name), to, "notifies", events));
            }
        }
    }

    nodes.extend(topology.topics.iter().map(|name| topic(name)));
    for spec in &topology.subscriptions {
        let label = if spec.filter_policy.is_some() {
            "filtered"
        } else {
            "everything"
        };

        edges.push(edge(
            topic(&spec.topic),
            queue(&spec.queue),
            "delivers",
            label.into(),
        ));
    }

    for spec in &topology.queues {
        nodes.push(queue(&spec.name));
        if let Some(redrive) = &spec.redrive {
            let label = format!("after {} receives", redrive.max_receive_count);
            edges.push(edge(
                queue(&spec.name),
                queue(&redrive.dead_letter_queue),
                "redrives",
                label,
            ));
        }
    }

    nodes.extend(topology.functions.iter().map(|spec| function(&spec.name)));
    for spec in &topology.mappings {
        let label = format!("batches of {}", spec.batch_size);
        edges.push(edge(
            queue(&spec.queue),
            function(&spec.function),
            "invokes",
            label,
        ));
    }

    json!({"nodes": nodes, "edges": edges})
}
