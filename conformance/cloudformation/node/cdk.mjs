// An app of the CDK that includes the template of a program, as the guide shows.
//
// Usage: node cdk.mjs TEMPLATE PACKAGE OUTDIR

import { App, Stack } from "aws-cdk-lib";
import { PolicyStatement, Role } from "aws-cdk-lib/aws-iam";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";

const [templateFile, path, outdir] = process.argv.slice(2);

const app = new App({ outdir });
const stack = new Stack(app, "pipeline");

// The CDK uploads the package and passes its place on.
const uploads = new Asset(stack, "put-processor.zip", { path });
const copies = new Asset(stack, "copy-processor.zip", { path });
const pipeline = new CfnInclude(stack, "Template", {
  templateFile,
  preserveLogicalIds: true,
  parameters: {
    PackageBucket: uploads.s3BucketName,
    PutProcessorPackageKey: uploads.s3ObjectKey,
    CopyProcessorPackageKey: copies.s3ObjectKey,
    MaximumConcurrency: 20,
  },
});

// What a handler needs beyond what it declares, and a setting that is not a parameter.
const role = Role.fromRoleName(stack, "Role", pipeline.getResource("PutProcessorRole").ref);
role.addToPrincipalPolicy(
  new PolicyStatement({ actions: ["sns:Publish"], resources: ["arn:aws:sns:*:*:news"] }),
);
pipeline.getResource("PutProcessorFunction").reservedConcurrentExecutions = 20;

app.synth();
