"""Tests that an app of the CDK synthesizes what it includes.

Usage: included.py TEMPLATE SYNTHESIZED
"""

import json
import sys

from stack import load

template, synthesized = sys.argv[1:]
with open(template) as included, open(synthesized) as app:
    included, app = load(included.read()), json.load(app)

# What the app passes on, changes and adds itself.
packages = {"PackageBucket", "PutProcessorPackageKey", "CopyProcessorPackageKey"}
passed = {*packages, "MaximumConcurrency"}


def expected(value):
    """Writes the value of the parameter, and attributes as the CDK does."""
    if value == {"Ref": "MaximumConcurrency"}:
        return 20
    if isinstance(value, list):
        return [expected(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::GetAtt"}:
        return {"Fn::GetAtt": ".".join(value["Fn::GetAtt"])}
    return {name: expected(member) for name, member in value.items()}


def attributes(value):
    """Writes all attributes in the same form. The CDK uses two."""
    if isinstance(value, list):
        return [attributes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], list):
        return {"Fn::GetAtt": ".".join(value["Fn::GetAtt"])}
    return {name: attributes(member) for name, member in value.items()}


included, app = expected(included), attributes(app)
included["Resources"]["PutProcessorFunction"]["Properties"]["ReservedConcurrentExecutions"] = 20
for name in ("PutProcessorFunction", "CopyProcessorFunction"):
    code = app["Resources"][name]["Properties"].pop("Code")
    assert set(code) == {"S3Bucket", "S3Key"} and "Ref" not in code["S3Key"], code
    del included["Resources"][name]["Properties"]["Code"]

for name, resource in included["Resources"].items():
    found = app["Resources"].pop(name)
    found.pop("Metadata", None)
    # A single dependency is written without a list.
    for one in (found, resource):
        if "DependsOn" in one and isinstance(one["DependsOn"], str):
            one["DependsOn"] = [one["DependsOn"]]
        one.get("DependsOn", []).sort()
    assert found == resource, f"{name}:\n{json.dumps(found)}\n{json.dumps(resource)}"

added = sorted(
    resource["Type"]
    for resource in app["Resources"].values()
    if resource["Type"] != "AWS::CDK::Metadata"
)
assert added == ["AWS::IAM::Policy"], added
for section in ("Outputs", "Conditions"):
    for name, value in included[section].items():
        assert app[section][name] == value, name
parameters = set(included["Parameters"]) - passed
assert parameters <= set(app["Parameters"]) and not passed & set(app["Parameters"])
print(f"ok   the CDK's app has the {len(included['Resources'])} resources of the template")
