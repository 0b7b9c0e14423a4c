//! What SAM makes of a function: its role, and a mapping for each of its queues.

use serde_json::json;

use super::super::known::{Text, Tree};
use super::super::model::{Kind, Resource};
use super::assembly::Assembly;
use super::described::Described;
use super::settings::{MAPPING, copy, managed_policy, queue_execution};

/// Adds a function, with what SAM generates for it.
pub(super) fn function(described: &Described<'_>, globals: &Tree, assembly: &mut Assembly) {
    let properties = &described.properties;
    let mut function = Resource::new(Kind::Function, described.name, described.file);
    function.set_identity("FunctionName", properties.get("FunctionName").clone());
    copy(
        &mut function,
        globals,
        &["Timeout", "Role", "ReservedConcurrentExecutions"],
    );
    for name in ["Timeout", "Role", "ReservedConcurrentExecutions"] {
        if !properties.get(name).is_null() {
            function.set(name, properties.get(name).clone());
        }
    }

    if function.get("Role").is_null() {
        let role = role(described);
        function.set("Role", Tree::Text(Text::of(&role.address)));
        assembly.add(role);
    }
    assembly.add(function);

    if let Tree::Map(events) = properties.get("Events") {
        for (name, event) in events {
            let properties = event.get("Properties");
            match event.get("Type").as_str() {
                Some("SQS") => mapping(described, name, properties, assembly),
                Some("SNS") => subscription(described, name, properties, assembly),
                _ => {}
            }
        }
    }
}

/// The role that SAM makes ("AWS::Serverless::Function", AWS Serverless Application Model Developer
/// Guide, 2026): it may read the queues of the function's events.
fn role(described: &Described<'_>) -> Resource {
    let mut role = Resource::new(
        Kind::Role,
        format!("{}Role", described.name),
        described.file,
    );
    let policies = described.properties.get("Policies").items().iter();
    let mut policies: Vec<Tree> = policies
        .map(|policy| match policy {
            Tree::Map(_) if !policy.get("Statement").is_null() => policy.clone(),
            Tree::Text(_) => managed_policy(policy),
            // A template such as `SQSPollerPolicy`.
            _ => Tree::Unknown,
        })
        .collect();
    policies.push(queue_execution());
    role.set("Policies", Tree::List(policies));

    role
}

fn mapping(described: &Described<'_>, event: &str, properties: &Tree, assembly: &mut Assembly) {
    let address = format!("{}{event}", described.name);
    let mut mapping = Resource::new(Kind::Mapping, address, described.file);
    copy(&mut mapping, properties, MAPPING);
    mapping.set("EventSourceArn", properties.get("Queue").clone());
    mapping.set("FunctionName", Tree::Text(Text::of(described.name)));
    assembly.add(mapping);
}

/// A subscription of the function to a topic. Through a queue it is SAM's shorthand, which makes
/// the queue, its policy and its mapping.
fn subscription(
    described: &Described<'_>,
    event: &str,
    properties: &Tree,
    assembly: &mut Assembly,
) {
    let shorthand = properties.get("SqsSubscription");
    if shorthand.is_null() || *shorthand == Tree::Bool(false) {
        return;
    }

    let own = format!("{}{event}", described.name);
    let queue = match shorthand.get("QueueArn") {
        Tree::Null => {
            let mut queue = Resource::new(Kind::Queue, format!("{own}Queue"), described.file);
            // SAM writes one that fits.
            queue.set("Policy", Tree::Unknown);
            let identity = Tree::Text(Text::of(&queue.address));
            assembly.add(queue);
            identity
        }
        arn => arn.clone(),
    };

    let mut subscription = Resource::new(Kind::Subscription, own.clone(), described.file);
    let names = ["FilterPolicy", "FilterPolicyScope", "RedrivePolicy"];
    copy(&mut subscription, properties, &names);
    subscription.set("TopicArn", properties.get("Topic").clone());
    subscription.set("Endpoint", queue.clone());
    assembly.add(subscription);

    let address = format!("{own}EventSourceMapping");
    let mut mapping = Resource::new(Kind::Mapping, address, described.file);
    copy(&mut mapping, shorthand, &["BatchSize", "Enabled"]);
    mapping.set("IsShorthand", Tree::of_json(&json!(true)));
    mapping.set("EventSourceArn", queue);
    mapping.set("FunctionName", Tree::Text(Text::of(described.name)));
    assembly.add(mapping);
}
