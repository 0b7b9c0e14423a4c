//! Reads a template as CloudFormation does.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::program::{Taken, policy};

/// A template, and the partition of its stack.
pub(crate) struct Stack {
    pub(crate) template: Value,
    partition: &'static str,
}

/// Prints the template of a program `resize-photos` and reads it.
#[track_caller]
pub(crate) fn stack(taken: &[Taken], arguments: &[&str]) -> Stack {
    let printed = policy("resize-photos", taken, arguments);
    assert_eq!(printed.status, Some(0), "{}", printed.stderr);

    Stack {
        template: parse(&printed.stdout),
        partition: "aws",
    }
}

/// Reads YAML, with the short forms of functions as the long ones.
#[track_caller]
pub(crate) fn parse(yaml: &str) -> Value {
    let documents = Yaml::load_from_str(yaml);
    let documents = documents.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    assert_eq!(documents.len(), 1);
    to_json(&documents[0])
}

fn to_json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(members) => {
            let members = members.iter();
            let members =
                members.map(|(name, value)| (name.as_str().unwrap().into(), to_json(value)));
            Value::Object(members.collect())
        }
        Yaml::Tagged(tag, value) => {
            let argument = match (&*tag.suffix, to_json(value)) {
                ("GetAtt", Value::String(text)) => {
                    let (resource, attribute) = text.split_once('.').unwrap();
                    json!([resource, attribute])
                }
                (_, argument) => argument,
            };
            let name = match &*tag.suffix {
                "Ref" => String::from("Ref"),
                function => format!("Fn::{function}"),
            };
            json!({ name: argument })
        }
        other => panic!("{other:?} is not expected in a template"),
    }
}

impl Stack {
    pub(crate) fn in_partition(mut self, partition: &'static str) -> Self {
        self.partition = partition;
        self
    }

    pub(crate) fn resources(&self) -> &Map<String, Value> {
        self.template["Resources"].as_object().unwrap()
    }

    /// The ids of the resources of a type.
    pub(crate) fn ids(&self, kind: &str) -> Vec<&str> {
        let resources = self.resources().iter();
        let of_kind = resources.filter(|(_, resource)| resource["Type"] == kind);
        of_kind.map(|(id, _)| &**id).collect()
    }

    /// The properties of a resource. References are `@Id` or `@Id.Attribute`, and parameters
    /// `@Name`.
    #[track_caller]
    pub(crate) fn properties(&self, id: &str) -> Value {
        let resource = self.resources().get(id);
        let resource = resource.unwrap_or_else(|| panic!("there is no {id}"));
        self.resolve(&resource["Properties"])
    }

    pub(crate) fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            Value::Object(members) if members.len() == 1 => {
                let (name, argument) = members.iter().next().unwrap();
                match &**name {
                    "Ref" => json!(self.reference(argument.as_str().unwrap())),
                    "Fn::GetAtt" => {
                        let (id, attribute) = (argument[0].as_str(), argument[1].as_str());
                        json!(format!("@{}.{}", id.unwrap(), attribute.unwrap()))
                    }
                    "Fn::Sub" => self.substitute(argument),
                    // The conditions of a template hold if a parameter is set.
                    "Fn::If" => self.resolve(&argument[1]),
                    "Fn::Join" => {
                        let parts = self.resolve(&argument[1]);
                        let parts = parts.as_array().unwrap().iter();
                        json!(parts.map(|part| part.as_str().unwrap()).collect::<String>())
                    }
                    // The name in the ARN of an existing topic.
                    "Fn::Select" => json!("@TopicName"),
                    other => {
                        assert!(!other.starts_with("Fn::"), "{other}");
                        json!({ other: self.resolve(argument) })
                    }
                }
            }
            Value::Object(members) => {
                let members = members.iter();
                let members = members.map(|(name, value)| (name.clone(), self.resolve(value)));
                Value::Object(members.collect())
            }
            other => other.clone(),
        }
    }

    fn reference(&self, name: &str) -> String {
        match name {
            "AWS::Partition" => self.partition.to_owned(),
            "AWS::AccountId" => String::from("123456789012"),
            "AWS::Region" => String::from("here-1"),
            "AWS::StackName" => String::from("stack"),
            "BucketName" => String::from("uploads"),
            other => format!("@{other}"),
        }
    }

    fn substitute(&self, argument: &Value) -> Value {
        let text = argument.as_str().or(argument[0].as_str()).unwrap();
        let mut result = String::new();
        let mut rest = text;

        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').unwrap();
            // Anything else is refused by CloudFormation.
            let is_name =
                |character: char| character.is_ascii_alphanumeric() || "_.:".contains(character);
            assert!(
                name.chars().all(is_name),
                "`{text}` has no name in ${{{name}}}"
            );
            result += before;
            result += &self.reference(name);
            rest = after;
        }

        json!(result + rest)
    }
}
