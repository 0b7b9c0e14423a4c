//! Terraform: the JSON of a plan, or of a state.

use serde_json::{Value, json};

use super::super::known::{Text, Tree};
use super::super::model::{Deployment, Kind, Resource};
use super::ReadError;
use super::assembly::{Assembly, Attachment};
use super::attributes::{Mapped, mapped};
use super::references::{Plan, Planned};
use super::settings::{managed_policy, notification};

pub(super) fn read(json: &Value, file: &str) -> Result<Deployment, ReadError> {
    let values = [&json["planned_values"], &json["values"]];
    let values = values
        .into_iter()
        .find(|values| values["root_module"].is_object());
    let Some(values) = values else {
        let expected = "it is not what `terraform show -json` prints: it has no `planned_values`";
        return Err(expected.to_owned());
    };

    let plan = Plan::new(values, &json["configuration"]);
    let mut reader = Reader {
        plan: &plan,
        file,
        assembly: Assembly::default(),
    };
    for resource in &plan.resources {
        reader.resource(resource);
    }

    Ok(reader.assembly.finish())
}

struct Reader<'r, 'p> {
    plan: &'r Plan<'p>,
    file: &'r str,
    assembly: Assembly,
}

impl<'p> Reader<'_, 'p> {
    fn resource(&mut self, planned: &Planned<'p>) {
        match mapped(planned.kind) {
            Some(mapped) => {
                let resource = self.mapped(planned, &mapped);
                self.assembly.add(resource);
            }
            None => self.attachment(planned),
        }
    }

    fn mapped(&mut self, planned: &Planned<'p>, mapped: &Mapped) -> Resource {
        let mut resource = Resource::new(mapped.kind, planned.address, self.file);
        for name in mapped.identities {
            let identity = self.plan.attribute(planned, name);
            resource.set_identity(name, identity);
        }
        for (property, name) in mapped.properties {
            resource.set(property, self.plan.attribute(planned, name));
        }

        match mapped.kind {
            Kind::Queue => {
                resource.set("Policy", self.written(planned, "policy"));
                resource.set("RedrivePolicy", self.redrive_policy(planned));
                let allow = self.written(planned, "redrive_allow_policy");
                resource.set("RedriveAllowPolicy", allow);
            }
            Kind::Topic => resource.set("Policy", self.written(planned, "policy")),
            Kind::Subscription => resource.set("RedrivePolicy", self.redrive_policy(planned)),
            Kind::Key => resource.set("KeyPolicy", self.written(planned, "policy")),
            Kind::Role => self.role(planned, &mut resource),
            Kind::Rule if self.plan.attribute(planned, "is_enabled") == Tree::Bool(false) => {
                resource.set("State", Tree::Bool(false));
            }
            Kind::Mapping => self.mapping(planned, &mut resource),
            _ => {}
        }

        resource
    }

    /// An attribute that is computed if the user does not write it. Then another resource may.
    fn written(&self, planned: &Planned<'p>, name: &str) -> Tree {
        match self.plan.is_written(planned, name) {
            true => self.document(planned, name),
            false => Tree::Null,
        }
    }

    /// A text of JSON. A reference in place of one is not the document.
    fn document(&self, planned: &Planned<'p>, name: &str) -> Tree {
        match self.plan.attribute(planned, name) {
            Tree::Text(text) if text.as_str().is_none() => Tree::Unknown,
            other => other,
        }
    }

    /// A redrive policy. If it is unknown, its queue is the one that it refers to.
    fn redrive_policy(&self, planned: &Planned<'p>) -> Tree {
        let policy = self.written(planned, "redrive_policy");
        if policy != Tree::Unknown {
            return policy;
        }

        match self
            .plan
            .only_reference(planned, "redrive_policy", "aws_sqs_queue")
        {
            Some(queue) => Tree::map([
                ("deadLetterTargetArn", Tree::Text(Text::of(&queue))),
                ("maxReceiveCount", Tree::Unknown),
            ]),
            None => Tree::Unknown,
        }
    }

    fn role(&self, planned: &Planned<'p>, role: &mut Resource) {
        let mut policies = Vec::new();
        for (list, of) in [("managed_policy_arns", true), ("inline_policy", false)] {
            match self.plan.attribute(planned, list) {
                Tree::List(items) if of => policies.extend(items.iter().map(managed_policy)),
                Tree::List(items) => {
                    policies.extend(items.iter().map(|item| item.get("policy").clone()));
                }
                Tree::Unknown if self.plan.is_written(planned, list) => {
                    policies.push(Tree::Unknown)
                }
                _ => {}
            }
        }

        role.set("Policies", Tree::List(policies));
    }

    fn mapping(&self, planned: &Planned<'p>, mapping: &mut Resource) {
        let filters = match self.plan.in_block(planned, "filter_criteria", "filter") {
            Tree::List(filters) => {
                let patterns = filters.iter().map(|one| match one.get("pattern") {
                    Tree::Null => Tree::map([("Pattern", Tree::Unknown)]),
                    pattern => Tree::map([("Pattern", pattern.clone())]),
                });
                Tree::List(patterns.collect())
            }
            other => other,
        };
        mapping.set("FilterCriteria", Tree::map([("Filters", filters)]));

        let most = self
            .plan
            .in_block(planned, "scaling_config", "maximum_concurrency");
        mapping.set("ScalingConfig", Tree::map([("MaximumConcurrency", most)]));
        let pollers = self
            .plan
            .in_block(planned, "provisioned_poller_config", "maximum_pollers");
        mapping.set("ProvisionedPollerConfig", pollers);
    }

    fn attachment(&mut self, planned: &Planned<'p>) {
        let (kind, target, property, value) = match planned.kind {
            "aws_sqs_queue_policy" => (Kind::Queue, "queue_url", "Policy", "policy"),
            "aws_sqs_queue_redrive_policy" => {
                (Kind::Queue, "queue_url", "RedrivePolicy", "redrive_policy")
            }
            "aws_sqs_queue_redrive_allow_policy" => (
                Kind::Queue,
                "queue_url",
                "RedriveAllowPolicy",
                "redrive_allow_policy",
            ),
            "aws_sns_topic_policy" => (Kind::Topic, "arn", "Policy", "policy"),
            "aws_kms_key_policy" => (Kind::Key, "key_id", "KeyPolicy", "policy"),
            "aws_iam_role_policy" => (Kind::Role, "role", "Policies", "policy"),
            "aws_iam_role_policy_attachment" => (Kind::Role, "role", "Policies", "policy_arn"),
            "aws_s3_bucket_notification" => (Kind::Bucket, "bucket", "Notifications", ""),
            "aws_cloudwatch_event_target" => (Kind::Rule, "rule", "Targets", ""),
            "aws_kms_alias" => return self.alias(planned, Kind::Key, "target_key_id"),
            "aws_lambda_alias" => return self.alias(planned, Kind::Function, "function_name"),
            _ => return,
        };

        let value = match planned.kind {
            "aws_s3_bucket_notification" => self.notifications(planned),
            "aws_cloudwatch_event_target" => self.target(planned),
            "aws_iam_role_policy_attachment" => self.attached(planned),
            "aws_sqs_queue_redrive_policy" => self.redrive_policy(planned),
            _ => self.document(planned, value),
        };
        self.assembly.attach(Attachment {
            kind,
            target: self.plan.attribute(planned, target),
            property,
            value,
            address: planned.address.to_owned(),
            file: self.file.to_owned(),
        });
    }

    /// A managed policy: one of AWS, or one of the plan.
    fn attached(&self, planned: &Planned<'p>) -> Tree {
        let arn = self.plan.attribute(planned, "policy_arn");
        let named = arn.text().and_then(|text| text.resource());
        let own = self.plan.resources.iter().find(|one| {
            let known = self.plan.attribute(one, "arn");
            one.kind == "aws_iam_policy"
                && (Some(one.address) == named || (known == arn && named.is_none()))
        });

        match own {
            Some(policy) => self.document(policy, "policy"),
            None => managed_policy(&arn),
        }
    }

    /// An alias is another name of a key, or of a function.
    fn alias(&mut self, planned: &Planned<'p>, kind: Kind, target: &str) {
        self.assembly.attach(Attachment {
            kind,
            target: self.plan.attribute(planned, target),
            property: "Alias",
            value: self.plan.attribute(planned, "name"),
            address: planned.address.to_owned(),
            file: self.file.to_owned(),
        });
    }

    fn notifications(&self, planned: &Planned<'p>) -> Tree {
        let entries = |block: &str, arn: &str| match self.plan.attribute(planned, block) {
            Tree::List(entries) => {
                let written = self.plan.in_blocks(planned, block, arn);
                let entries = entries.iter().zip(written).map(|(entry, arn)| {
                    let or_unknown = |name: &str| match entry {
                        Tree::Map(members) => members.get(name).cloned().unwrap_or(Tree::Unknown),
                        _ => Tree::Unknown,
                    };
                    let affix = |name: &str| match or_unknown(name) {
                        Tree::Text(text) if text.as_str() == Some("") => Tree::Null,
                        other => other,
                    };
                    notification(
                        arn,
                        or_unknown("events"),
                        affix("filter_prefix"),
                        affix("filter_suffix"),
                    )
                });
                Tree::List(entries.collect())
            }
            other => other,
        };

        Tree::map([
            ("Topics", entries("topic", "topic_arn")),
            ("Queues", entries("queue", "queue_arn")),
            (
                "Functions",
                entries("lambda_function", "lambda_function_arn"),
            ),
            ("EventBridge", self.plan.attribute(planned, "eventbridge")),
        ])
    }

    fn target(&self, planned: &Planned<'p>) -> Tree {
        let mut changes = Tree::Null;
        for name in ["input", "input_path", "input_transformer"] {
            match self.plan.attribute(planned, name) {
                Tree::Null => {}
                Tree::List(blocks) if blocks.is_empty() => {}
                Tree::Unknown if !self.plan.is_written(planned, name) => {}
                Tree::Unknown => changes = Tree::Unknown,
                _ => changes = Tree::of_json(&json!(name)),
            }
        }

        Tree::map([
            ("Arn", self.plan.attribute(planned, "arn")),
            (
                "DeadLetterArn",
                self.plan.in_block(planned, "dead_letter_config", "arn"),
            ),
            ("Changes", changes),
            (
                "MessageGroupId",
                self.plan
                    .in_block(planned, "sqs_target", "message_group_id"),
            ),
        ])
    }
}
