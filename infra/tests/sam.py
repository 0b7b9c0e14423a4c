"""Tests that a SAM template becomes the same stack as the program's template for CloudFormation.

SAM's own translator makes a template for CloudFormation of it, as AWS does. Reads both templates.

    python3 infra/tests/sam.py SAM_TEMPLATE CLOUDFORMATION_TEMPLATE
"""

import os
import sys
import unittest

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from stack import load


# The translator wants to know where it is.
os.environ["AWS_DEFAULT_REGION"] = "eu-central-1"


def translated(template):
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            # `sam deploy` uploads the local file and writes its place here.
            uri = resource["Properties"]["CodeUri"]
            assert isinstance(uri, str) and uri.endswith(".zip"), uri
            resource["Properties"]["CodeUri"] = {"Bucket": "packages", "Key": uri}
    return transform(template, {}, ManagedPolicyLoader(None), feature_toggle=None)


def without_package(resources):
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            # SAM marks its functions with a tag.
            assert resource["Properties"].pop("Tags", None) in (
                None,
                [{"Key": "lambda:createdBy", "Value": "SAM"}],
            )
            code = resource["Properties"].pop("Code")
            assert set(code) == {"S3Bucket", "S3Key"}, code
    return resources


class Same(unittest.TestCase):
    maxDiff = None

    def test_both_become_the_same_stack(self):
        with open(SAM) as sam, open(CLOUDFORMATION) as cloudformation:
            sam, cloudformation = load(sam.read()), load(cloudformation.read())
        self.assertEqual(sam["Transform"], "AWS::Serverless-2016-10-31")
        functions = [
            name
            for name, resource in sam["Resources"].items()
            if resource["Type"] == "AWS::Serverless::Function"
        ]
        self.assertTrue(functions)
        found = without_package(translated(sam)["Resources"])
        expected = without_package(cloudformation["Resources"])
        self.assertEqual(found, expected)
        self.assertEqual(sam["Outputs"], cloudformation["Outputs"])
        self.assertEqual(sam["Conditions"], cloudformation["Conditions"])
        packages = {"PackageBucket", *(name.removesuffix("Function") + "PackageKey" for name in functions)}
        self.assertEqual(set(cloudformation["Parameters"]) - set(sam["Parameters"]), packages)


if __name__ == "__main__":
    SAM, CLOUDFORMATION = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
