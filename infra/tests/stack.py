"""Reads a CloudFormation or SAM template as CloudFormation does, and says what is in its stack.

    stack = Stack.read("template.yaml", partition="aws", BucketName="uploads")
    stack.properties("PutProcessorQueue")["VisibilityTimeout"]
"""

import re

import yaml

ACCOUNT = "123456789012"
REGIONS = {"aws": "eu-central-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
SUFFIXES = {"aws-cn": "amazonaws.com.cn"}
NO_VALUE = object()

# For each type: what `Ref` returns, and the ARN, both from the name of the resource.
QUEUE_URL = "https://sqs.{region}.{suffix}/{account}/{name}"
TYPES = {
    "AWS::SQS::Queue": ("QueueName", QUEUE_URL, "sqs:{region}:{account}:{name}"),
    "AWS::DynamoDB::Table": ("TableName", "{name}", "dynamodb:{region}:{account}:table/{name}"),
    "AWS::SNS::Topic": ("TopicName", "{arn}", "sns:{region}:{account}:{name}"),
    "AWS::S3::Bucket": ("BucketName", "{name}", "s3:::{name}"),
    "AWS::KMS::Key": (None, "{name}", "kms:{region}:{account}:key/{name}"),
    "AWS::IAM::Role": (None, "{name}", "iam::{account}:role/{name}"),
    "AWS::IAM::ManagedPolicy": (None, "{arn}", "iam::{account}:policy/{name}"),
    "AWS::Events::Rule": ("Name", "{name}", "events:{region}:{account}:rule/{name}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "{name}", "logs:{region}:{account}:log-group:{name}"),
    "AWS::Lambda::Function": (
        "FunctionName",
        "{name}",
        "lambda:{region}:{account}:function:{name}",
    ),
}
TYPES["AWS::Serverless::Function"] = TYPES["AWS::Lambda::Function"]


class Loader(yaml.SafeLoader):
    """Reads the short forms, such as `!Ref`, as the long ones. Refuses a repeated name."""

    def function(self, suffix, node):
        if isinstance(node, yaml.ScalarNode):
            value = self.construct_scalar(node)
            if suffix == "GetAtt":
                value = value.split(".", 1)
        elif isinstance(node, yaml.SequenceNode):
            value = self.construct_sequence(node, deep=True)
        else:
            value = self.construct_mapping(node, deep=True)
        return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}

    def unique(self, node):
        names = [self.construct_object(name, deep=True) for name, _ in node.value]
        assert len(names) == len(set(names)), f"a name occurs twice: {names}"
        return self.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", Loader.function)
Loader.add_constructor("tag:yaml.org,2002:map", Loader.unique)
# A version such as 2012-10-17 is a text.
Loader.add_constructor("tag:yaml.org,2002:timestamp", Loader.construct_scalar)


def load(text):
    """Returns a template as the JSON that it stands for."""
    return yaml.load(text, Loader)  # noqa: S506: a safe loader


class Stack:
    def __init__(self, template, partition="aws", stack="pipeline", **parameters):
        self.template = template
        self.account = ACCOUNT
        self.values = {
            "AWS::Partition": partition,
            "AWS::Region": REGIONS[partition],
            "AWS::AccountId": ACCOUNT,
            "AWS::URLSuffix": SUFFIXES.get(partition, "amazonaws.com"),
            "AWS::StackName": stack,
            "AWS::NoValue": NO_VALUE,
        }
        unknown = set(parameters) - set(template["Parameters"])
        assert not unknown, f"the template has no parameters {unknown}"
        for name, parameter in template["Parameters"].items():
            value = parameters.get(name, parameter.get("Default"))
            assert value is not None, f"the parameter {name} has no value"
            pattern = parameter.get("AllowedPattern", "")
            assert re.search(pattern, str(value)), f"{name} may not be {value}"
            self.values[name] = str(value)

    @classmethod
    def read(cls, path, **settings):
        with open(path) as file:
            return cls(load(file.read()), **settings)

    def ids(self, kind=None):
        return [
            name
            for name, resource in self.template["Resources"].items()
            if kind in (None, resource["Type"])
        ]

    def properties(self, name):
        return self.resolve(self.template["Resources"][name].get("Properties", {}))

    def outputs(self):
        return {
            name: self.resolve(output["Value"])
            for name, output in self.template.get("Outputs", {}).items()
        }

    def attribute(self, name, attribute="Ref"):
        resource = self.template["Resources"][name]
        if resource["Type"] not in TYPES:
            assert attribute == "Ref", f"{name}.{attribute}"
            return f"{self.values['AWS::StackName']}-{name}"
        named_by, reference, arn = TYPES[resource["Type"]]
        own = resource["Properties"].get(named_by) if named_by else None
        values = {
            "name": self.resolve(own) if own else f"{self.values['AWS::StackName']}-{name}",
            "region": self.values["AWS::Region"],
            "suffix": self.values["AWS::URLSuffix"],
            "account": self.account,
        }
        values["arn"] = f"arn:{self.values['AWS::Partition']}:" + arn.format(**values)
        if attribute == "Arn":
            return values["arn"]
        if attribute == "Ref":
            return reference.format(**values)
        assert attribute == named_by, f"{name}.{attribute}"
        return values["name"]

    def reference(self, name):
        if name in self.values:
            return self.values[name]
        return self.attribute(*name.split(".", 1))

    def holds(self, condition):
        if isinstance(condition, str):
            return self.holds(self.template["Conditions"][condition])
        ((function, arguments),) = condition.items()
        if function == "Fn::Not":
            return not self.holds(arguments[0])
        assert function == "Fn::Equals", function
        left, right = map(self.resolve, arguments)
        return str(left) == str(right)

    def substitute(self, text, more):
        def value(place):
            name = place[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            return str(more[name] if name in more else self.reference(name))

        return re.sub(r"\$\{([^}]*)\}", value, text)

    def resolve(self, value):
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self.reference(argument)
            if name.startswith("Fn::"):
                return self.call(name, argument)
        members = {name: self.resolve(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member is not NO_VALUE}

    def call(self, name, argument):
        if name == "Fn::GetAtt":
            return self.attribute(*argument)
        if name == "Fn::Sub":
            text, more = (argument, {}) if isinstance(argument, str) else argument
            return self.substitute(text, self.resolve(more))
        if name == "Fn::If":
            return self.resolve(argument[1 if self.holds(argument[0]) else 2])
        if name == "Fn::Join":
            return argument[0].join(self.resolve(argument[1]))
        if name == "Fn::Split":
            return self.resolve(argument[1]).split(argument[0])
        if name == "Fn::Select":
            return self.resolve(argument[1])[int(argument[0])]
        raise NotImplementedError(name)
