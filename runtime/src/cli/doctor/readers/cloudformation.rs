//! A template of CloudFormation or SAM.

use serde_json::Value;

use super::super::known::{Answer, Text, Tree};
use super::super::model::{Deployment, Kind, Resource};
use super::ReadError;
use super::assembly::{Assembly, Attachment};
use super::described::Described;
use super::intrinsics::Template;
use super::sam;
use super::settings::{MAPPING, copy, filter_rule, managed_policy, notification, target};

pub(super) fn read(json: &Value, file: &str) -> Result<Deployment, ReadError> {
    if !json["Resources"].is_object() {
        return Err("it is not a template: it has no `Resources`".to_owned());
    }

    let template = Template::new(json);
    let globals = template.resolve(&json["Globals"]["Function"]);
    let mut assembly = Assembly::default();
    for (name, resource) in &template.resources {
        let condition = resource["Condition"].as_str();
        if condition.is_some_and(|condition| template.condition(condition, 0) == Answer::No) {
            continue;
        }

        let kind = resource["Type"].as_str().unwrap_or_default();
        let described = Described {
            name,
            kind,
            file,
            properties: template.resolve(&resource["Properties"]),
        };
        match kind {
            "AWS::Serverless::Function" => sam::function(&described, &globals, &mut assembly),
            _ => described.add_to(&mut assembly),
        }
    }

    Ok(assembly.finish())
}

/// What the properties of the resource are, where the template has the names of the API.
const PLAIN: &[(&str, Kind, &str, &[&str])] = &[
    (
        "AWS::SNS::Subscription",
        Kind::Subscription,
        "",
        &[
            "TopicArn",
            "Endpoint",
            "Protocol",
            "RawMessageDelivery",
            "FilterPolicy",
            "FilterPolicyScope",
            "RedrivePolicy",
        ],
    ),
    (
        "AWS::SNS::Topic",
        Kind::Topic,
        "TopicName",
        &["KmsMasterKeyId", "FifoTopic"],
    ),
    (
        "AWS::SQS::Queue",
        Kind::Queue,
        "QueueName",
        &[
            "VisibilityTimeout",
            "MessageRetentionPeriod",
            "MaximumMessageSize",
            "RedrivePolicy",
            "RedriveAllowPolicy",
            "KmsMasterKeyId",
            "FifoQueue",
        ],
    ),
    (
        "AWS::Lambda::EventSourceMapping",
        Kind::Mapping,
        "",
        MAPPING,
    ),
    (
        "AWS::Lambda::Function",
        Kind::Function,
        "FunctionName",
        &["Timeout", "Role", "ReservedConcurrentExecutions"],
    ),
    ("AWS::KMS::Key", Kind::Key, "", &["KeyPolicy"]),
    ("AWS::IAM::Role", Kind::Role, "RoleName", &[]),
    ("AWS::S3::Bucket", Kind::Bucket, "BucketName", &[]),
    (
        "AWS::Events::Rule",
        Kind::Rule,
        "Name",
        &["EventPattern", "State"],
    ),
];

impl Described<'_> {
    fn get(&self, name: &str) -> &Tree {
        self.properties.get(name)
    }

    fn add_to(&self, assembly: &mut Assembly) {
        let plain = PLAIN.iter().find(|(kind, ..)| *kind == self.kind);
        if let Some((_, kind, identity, properties)) = plain {
            let mut resource = Resource::new(*kind, self.name, self.file);
            if !identity.is_empty() {
                resource.set_identity(identity, self.get(identity).clone());
            }
            copy(&mut resource, &self.properties, properties);
            self.complete(&mut resource, assembly);
            assembly.add(resource);
            return;
        }

        match self.kind {
            "AWS::SQS::QueuePolicy" => self.policy(Kind::Queue, "Queues", "Policy", assembly),
            "AWS::SQS::QueueInlinePolicy" => self.policy(Kind::Queue, "Queue", "Policy", assembly),
            "AWS::SNS::TopicPolicy" => self.policy(Kind::Topic, "Topics", "Policy", assembly),
            "AWS::SNS::TopicInlinePolicy" => {
                self.policy(Kind::Topic, "TopicArn", "Policy", assembly);
            }
            "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => {
                self.policy(Kind::Role, "Roles", "Policies", assembly);
            }
            "AWS::IAM::RolePolicy" => self.policy(Kind::Role, "RoleName", "Policies", assembly),
            "AWS::KMS::Alias" => self.alias(Kind::Key, "TargetKeyId", "AliasName", assembly),
            "AWS::Lambda::Alias" => self.alias(Kind::Function, "FunctionName", "", assembly),
            "AWS::Lambda::Version" => self.alias(Kind::Function, "FunctionName", "", assembly),
            _ => {}
        }
    }

    /// What the template writes otherwise than the API.
    fn complete(&self, resource: &mut Resource, assembly: &mut Assembly) {
        match resource.kind {
            Kind::Bucket => {
                let configuration = self.get("NotificationConfiguration");
                if !configuration.is_null() {
                    resource.set("Notifications", notifications(configuration));
                }
            }
            Kind::Rule => {
                let targets = self.get("Targets");
                resource.set(
                    "Targets",
                    match targets.is_unknown() {
                        true => Tree::Unknown,
                        false => Tree::List(targets.items().iter().map(target).collect()),
                    },
                );
            }
            Kind::Role => {
                let inline = self.get("Policies").items().iter();
                let inline = inline.map(|policy| policy.get("PolicyDocument").clone());
                let managed = self
                    .get("ManagedPolicyArns")
                    .items()
                    .iter()
                    .map(managed_policy);
                resource.set("Policies", Tree::List(inline.chain(managed).collect()));
            }
            Kind::Topic => {
                for (index, inline) in self.get("Subscription").items().iter().enumerate() {
                    let address = format!("{}.Subscription[{index}]", self.name);
                    let mut subscription = Resource::new(Kind::Subscription, address, self.file);
                    copy(&mut subscription, inline, &["Endpoint", "Protocol"]);
                    subscription.set("TopicArn", Tree::Text(Text::of(self.name)));
                    assembly.add(subscription);
                }
            }
            _ => {}
        }
    }

    /// A policy that names what it belongs to.
    fn policy(&self, kind: Kind, targets: &str, property: &'static str, assembly: &mut Assembly) {
        let targets = self.get(targets);
        for target in targets.items() {
            self.attach(
                kind,
                target.clone(),
                property,
                self.get("PolicyDocument").clone(),
                assembly,
            );
        }
    }

    /// Another name of a resource.
    fn alias(&self, kind: Kind, target: &str, name: &str, assembly: &mut Assembly) {
        let name = self.get(name).clone();
        self.attach(kind, self.get(target).clone(), "Alias", name, assembly);
    }

    fn attach(
        &self,
        kind: Kind,
        target: Tree,
        property: &'static str,
        value: Tree,
        assembly: &mut Assembly,
    ) {
        assembly.attach(Attachment {
            kind,
            target,
            property,
            value,
            address: self.name.to_owned(),
            file: self.file.to_owned(),
        });
    }
}

fn notifications(configuration: &Tree) -> Tree {
    let entries = |list: &str, destination: &str| match configuration.get(list) {
        Tree::Unknown => Tree::Unknown,
        entries => Tree::List(
            entries
                .items()
                .iter()
                .map(|entry| {
                    let rules = entry.at(&["Filter", "S3Key", "Rules"]);
                    notification(
                        entry.get(destination).clone(),
                        entry.get("Event").clone(),
                        filter_rule(rules, "prefix"),
                        filter_rule(rules, "suffix"),
                    )
                })
                .collect(),
        ),
    };
    let bus = configuration.get("EventBridgeConfiguration");
    let bus = match (bus, bus.get("EventBridgeEnabled")) {
        (Tree::Null, _) => Tree::Bool(false),
        (_, Tree::Null) => Tree::Bool(true),
        (_, enabled) => enabled.clone(),
    };

    Tree::map([
        ("Topics", entries("TopicConfigurations", "Topic")),
        ("Queues", entries("QueueConfigurations", "Queue")),
        ("Functions", entries("LambdaConfigurations", "Function")),
        ("EventBridge", bus),
    ])
}
