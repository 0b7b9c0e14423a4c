//! What `aws` printed about a running pipeline: a file for each command.
//!
//! The shape tells what a file is. Some outputs do not say what they are about (the notification of
//! a bucket, the targets of a rule, the policy of a key); their file is named after it.

use serde_json::Value;

use super::super::known::Tree;
use super::super::model::{Deployment, Kind, Resource};
use super::ReadError;
use super::assembly::{Assembly, Attachment};
use super::settings::{MAPPING, copy, filter_rule, managed_policy, notification, target};

pub(super) fn read(files: &[(String, String)]) -> Result<Deployment, ReadError> {
    let mut assembly = Assembly::default();
    let mut read = 0;
    for (file, text) in files {
        // `aws` prints nothing about a bucket without notifications.
        let text = if text.trim().is_empty() { "{}" } else { text };
        let json: Value =
            serde_json::from_str(text).map_err(|error| format!("{file} is not JSON: {error}"))?;
        let mut reader = Reader {
            file,
            assembly: &mut assembly,
        };
        if reader.output(&Tree::of_json(&json)) {
            read += 1;
        }
    }

    match read {
        0 => Err("no file in it is the output of one of the commands".to_owned()),
        _ => Ok(assembly.finish()),
    }
}

struct Reader<'r> {
    file: &'r str,
    assembly: &'r mut Assembly,
}

impl Reader<'_> {
    /// Reads one output. Returns whether it is of a known shape.
    fn output(&mut self, output: &Tree) -> bool {
        let has = |name: &str| !output.get(name).is_null();
        let attributes = output.get("Attributes");
        let has_attribute = |name: &str| !attributes.get(name).is_null();

        if has_attribute("QueueArn") {
            self.queue(attributes);
        } else if has_attribute("SubscriptionArn") {
            self.subscription(attributes);
        } else if has_attribute("TopicArn") {
            self.topic(attributes);
        } else if has("Subscriptions") {
            let pending = output.get("Subscriptions").items();
            pending.iter().for_each(|one| self.pending(one));
        } else if has("EventSourceMappings") {
            let mappings = output.get("EventSourceMappings").items();
            mappings.iter().for_each(|mapping| self.mapping(mapping));
        } else if has("EventSourceArn") {
            self.mapping(output);
        } else if has("Configuration") {
            self.function(output.get("Configuration"), output.get("Concurrency"));
        } else if has("FunctionArn") && has("FunctionName") {
            self.function(output, &Tree::Unknown);
        } else if has("EventPattern") {
            self.rule(output);
        } else if has("Targets") {
            let name = self.subject("targets");
            for one in output.get("Targets").items() {
                self.attach(Kind::Rule, name.clone(), "Targets", target(one));
            }
        } else if has("RoleDetailList") {
            let roles = output.get("RoleDetailList").items();
            roles
                .iter()
                .for_each(|role| self.role(role, output.get("Policies")));
        } else if has("KeyMetadata") {
            self.key(output.get("KeyMetadata"));
        } else if has("Policy") && has("PolicyName") {
            let name = self.subject("key-policy");
            self.attach(Kind::Key, name, "KeyPolicy", output.get("Policy").clone());
        } else if is_notification(output) || self.file.starts_with("notification.") {
            self.bucket(output);
        } else {
            return false;
        }

        true
    }

    /// What the file is about, if its name says so: `targets.RULE.json`.
    fn subject(&self, kind: &str) -> Tree {
        let name = self.file.strip_suffix(".json").unwrap_or(self.file);
        match name
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('.'))
        {
            Some(subject) => Tree::of_json(&subject.into()),
            None => Tree::Unknown,
        }
    }

    fn attach(&mut self, kind: Kind, target: Tree, property: &'static str, value: Tree) {
        self.assembly.attach(Attachment {
            kind,
            target,
            property,
            value,
            address: self.file.to_owned(),
            file: self.file.to_owned(),
        });
    }

    fn resource(&self, kind: Kind, described: &Tree, identities: &[&str]) -> Resource {
        let mut known = identities
            .iter()
            .filter_map(|name| described.get(name).as_str());
        let address = known.next_back().unwrap_or(self.file).to_owned();
        let mut resource = Resource::new(kind, address, self.file);
        for name in identities {
            resource.set_identity(name, described.get(name).clone());
        }

        resource
    }

    fn queue(&mut self, attributes: &Tree) {
        let mut queue = self.resource(Kind::Queue, attributes, &["QueueArn"]);
        for name in [
            "VisibilityTimeout",
            "MessageRetentionPeriod",
            "MaximumMessageSize",
            "RedrivePolicy",
            "RedriveAllowPolicy",
            "KmsMasterKeyId",
            "FifoQueue",
            "Policy",
        ] {
            queue.set(name, attributes.get(name).clone());
        }
        // Without `--attribute-names All` the rest was not asked for.
        if attributes.get("VisibilityTimeout").is_null() {
            for name in [
                "VisibilityTimeout",
                "MessageRetentionPeriod",
                "MaximumMessageSize",
                "RedrivePolicy",
                "Policy",
            ] {
                if attributes.get(name).is_null() {
                    queue.set(name, Tree::Unknown);
                }
            }
        }
        self.assembly.add(queue);
    }

    fn topic(&mut self, attributes: &Tree) {
        let mut topic = self.resource(Kind::Topic, attributes, &["TopicArn"]);
        copy(
            &mut topic,
            attributes,
            &["Policy", "KmsMasterKeyId", "FifoTopic"],
        );
        self.assembly.add(topic);
    }

    fn subscription(&mut self, attributes: &Tree) {
        let names = ["SubscriptionArn"];
        let mut subscription = self.resource(Kind::Subscription, attributes, &names);
        copy(
            &mut subscription,
            attributes,
            &[
                "TopicArn",
                "Endpoint",
                "Protocol",
                "RawMessageDelivery",
                "FilterPolicy",
                "FilterPolicyScope",
                "RedrivePolicy",
                "PendingConfirmation",
            ],
        );
        self.assembly.add(subscription);
    }

    /// A subscription in a list. Its attributes are the output of another command, which does not
    /// know it before it is confirmed.
    fn pending(&mut self, listed: &Tree) {
        if listed.get("SubscriptionArn").as_str() != Some("PendingConfirmation") {
            return;
        }

        let mut subscription = self.resource(Kind::Subscription, listed, &["Endpoint"]);
        for name in [
            "RawMessageDelivery",
            "FilterPolicy",
            "FilterPolicyScope",
            "RedrivePolicy",
        ] {
            subscription.set(name, Tree::Unknown);
        }
        copy(
            &mut subscription,
            listed,
            &["TopicArn", "Endpoint", "Protocol"],
        );
        subscription.set("PendingConfirmation", Tree::Bool(true));
        self.assembly.add(subscription);
    }

    fn mapping(&mut self, described: &Tree) {
        let mut mapping = self.resource(Kind::Mapping, described, &["UUID"]);
        copy(&mut mapping, described, MAPPING);
        mapping.set("FunctionName", described.get("FunctionArn").clone());
        if described.get("State").as_str() == Some("Disabled") {
            mapping.set("Enabled", Tree::Bool(false));
        }
        self.assembly.add(mapping);
    }

    fn function(&mut self, described: &Tree, concurrency: &Tree) {
        let names = ["FunctionArn", "FunctionName"];
        let mut function = self.resource(Kind::Function, described, &names);
        copy(&mut function, described, &["Timeout", "Role"]);
        let reserved = concurrency.get("ReservedConcurrentExecutions").clone();
        function.set("ReservedConcurrentExecutions", reserved);
        self.assembly.add(function);
    }

    fn rule(&mut self, described: &Tree) {
        let mut rule = self.resource(Kind::Rule, described, &["Arn", "Name"]);
        copy(&mut rule, described, &["EventPattern", "State"]);
        self.assembly.add(rule);
    }

    /// A role with everything that belongs to it. `policies` has the managed ones of the account.
    fn role(&mut self, described: &Tree, policies: &Tree) {
        let mut role = self.resource(Kind::Role, described, &["Arn", "RoleName"]);
        let inline = described.get("RolePolicyList").items().iter();
        let inline = inline.map(|policy| policy.get("PolicyDocument").clone());
        let attached = described.get("AttachedManagedPolicies").items().iter();
        let attached = attached.map(|policy| {
            let arn = policy.get("PolicyArn");
            let mut own = policies.items().iter().filter(|one| one.get("Arn") == arn);
            let versions = own
                .next()
                .map_or(&[][..], |one| one.get("PolicyVersionList").items());
            let mut default = versions
                .iter()
                .filter(|one| *one.get("IsDefaultVersion") == Tree::Bool(true));
            default
                .next()
                .map_or_else(|| managed_policy(arn), |one| one.get("Document").clone())
        });
        role.set("Policies", Tree::List(inline.chain(attached).collect()));
        self.assembly.add(role);
    }

    fn key(&mut self, metadata: &Tree) {
        let mut key = self.resource(Kind::Key, metadata, &["KeyId", "Arn"]);
        key.set("Manager", metadata.get("KeyManager").clone());
        // Its policy is the output of another command.
        key.set("KeyPolicy", Tree::Unknown);
        self.assembly.add(key);
    }

    fn bucket(&mut self, configuration: &Tree) {
        let entries = |list: &str, destination: &str| {
            let entries = configuration.get(list).items().iter().map(|entry| {
                let rules = entry.at(&["Filter", "Key", "FilterRules"]);
                notification(
                    entry.get(destination).clone(),
                    entry.get("Events").clone(),
                    filter_rule(rules, "prefix"),
                    filter_rule(rules, "suffix"),
                )
            });
            Tree::List(entries.collect())
        };
        let notifications = Tree::map([
            ("Topics", entries("TopicConfigurations", "TopicArn")),
            ("Queues", entries("QueueConfigurations", "QueueArn")),
            (
                "Functions",
                entries("LambdaFunctionConfigurations", "LambdaFunctionArn"),
            ),
            (
                "EventBridge",
                Tree::Bool(!configuration.get("EventBridgeConfiguration").is_null()),
            ),
        ]);

        let name = self.subject("notification");
        self.attach(Kind::Bucket, name, "Notifications", notifications);
    }
}

fn is_notification(output: &Tree) -> bool {
    let names = [
        "TopicConfigurations",
        "QueueConfigurations",
        "LambdaFunctionConfigurations",
        "EventBridgeConfiguration",
    ];
    names.iter().any(|name| !output.get(name).is_null())
}
