"""Tests that a template says what the Terraform module says.

Reads the output of `terraform test -json -verbose` and compares the state of one run with the stack
of a template, attribute by attribute.

    python3 infra/tests/templates.py FILE RUN TEMPLATE [PARAMETER=VALUE]...
"""

import json
import re
import sys
import unittest

import template_state
from stack import Stack

TERRAFORM = {}
TEMPLATE = {}

# What a stack has in another way: CloudFormation is given a package, it names roles itself, and the
# module's functions have a bucket for their packages. Only the module has a dashboard.
ONLY_TERRAFORM = {"aws_s3_object", "aws_cloudwatch_dashboard"}
IGNORED = {
    ("aws_lambda_function", "s3_bucket"),
    ("aws_lambda_function", "s3_key"),
    ("aws_lambda_function", "source_code_hash"),
    ("aws_iam_policy", "name"),
    ("aws_iam_role", "name"),
    ("aws_iam_role_policy", "role"),
}
# The provider chooses these, and the region is that of the stack.
GENERAL = {"id", "region", "tags", "tags_all"}
# What the mocked provider writes for what AWS would say.
MOCKED = re.compile(r"[a-z0-9]{8}")


def load(path, run, template, parameters):
    with open(path) as lines:
        (state,) = [
            event["test_state"]
            for event in map(json.loads, lines)
            if event["type"] == "test_state" and event["@testrun"] == run
        ]
    stack = Stack.read(template, **parameters)
    for resource in template_state.state(stack):
        TEMPLATE[address(resource)] = resource["values"]
    for resource in state["root_module"]["resources"]:
        if resource["mode"] == "managed" and resource["type"] not in ONLY_TERRAFORM:
            if "artefacts" not in (resource["name"], resource.get("index")):
                TERRAFORM[address(resource)] = resource["values"]
    name_alike()


def address(resource):
    return resource["type"], resource["name"], str(resource.get("index"))


def name_alike():
    """Gives everything in Terraform's state the identifiers that it has in the stack."""
    names = {}
    for found, values in TERRAFORM.items():
        for attribute in ("arn", "url", "uuid", "id", "name"):
            own = TEMPLATE.get(found, {}).get(attribute)
            if own and MOCKED.fullmatch(str(values.get(attribute))):
                names[values[attribute]] = own
    text = json.dumps(list(TERRAFORM.items()))
    for mocked, own in names.items():
        text = re.sub(rf"\b{mocked}\b", own, text)
    for found, values in json.loads(text):
        TERRAFORM[tuple(found)] = values


def decoded(value):
    """A text with JSON is compared as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    except ValueError:
        return value


def present(value):
    """Removes what Terraform writes for a setting that nobody set."""
    if isinstance(value, dict):
        members = {name: present(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, [], {})}
    if isinstance(value, list):
        return [item for item in map(present, value) if item not in (None, {})]
    return value


class Same(unittest.TestCase):
    maxDiff = None

    def test_both_have_the_same_resources(self):
        self.assertGreater(len(TEMPLATE), 20)
        self.assertEqual(set(TEMPLATE), set(TERRAFORM))

    def test_the_template_says_nothing_else(self):
        for found, values in TEMPLATE.items():
            for attribute, value in values.items():
                if (found[0], attribute) in IGNORED:
                    continue
                with self.subTest(found, attribute=attribute):
                    own = present(decoded(TERRAFORM[found].get(attribute)))
                    self.assertEqual(decoded(value), own)

    def test_the_template_leaves_nothing_out(self):
        for found, values in TERRAFORM.items():
            for attribute, value in values.items():
                known = attribute in GENERAL or (found[0], attribute) in IGNORED
                if known or not present(value) or MOCKED.fullmatch(str(value)):
                    continue
                with self.subTest(found, attribute=attribute):
                    self.assertIn(attribute, TEMPLATE[found])


if __name__ == "__main__":
    path, run, template, *parameters = sys.argv[1:]
    del sys.argv[1:]
    load(path, run, template, dict(parameter.split("=", 1) for parameter in parameters))
    unittest.main()
