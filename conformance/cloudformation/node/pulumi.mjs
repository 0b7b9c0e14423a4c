// A program of Pulumi that deploys the template of a program, as the guide shows. It runs with
// mocks, so neither Pulumi's engine nor AWS is needed.
//
// Usage: node pulumi.mjs TEMPLATE

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import * as pulumi from "@pulumi/pulumi";

const [template] = process.argv.slice(2);

const made = [];
await pulumi.runtime.setMocks({
  newResource(resource) {
    made.push(resource);
    const outputs = { PutProcessorQueueUrl: "the URL of the queue" };
    return { id: `${resource.name}-id`, state: { ...resource.inputs, outputs } };
  },
  call: (call) => call.inputs,
});
const aws = await import("@pulumi/aws");

const pipeline = new aws.cloudformation.Stack("pipeline", {
  templateBody: readFileSync(template, "utf8"),
  capabilities: ["CAPABILITY_IAM"],
  parameters: {
    BucketName: "uploads",
    PackageBucket: "packages",
    PutProcessorPackageKey: "put-processor.zip",
    CopyProcessorPackageKey: "copy-processor.zip",
  },
});
const queueUrl = pipeline.outputs.apply((outputs) => outputs.PutProcessorQueueUrl);

assert.equal(await new Promise((done) => queueUrl.apply(done)), "the URL of the queue");
const [{ type, inputs }] = made;
assert.equal(type, "aws:cloudformation/stack:Stack");
assert.deepEqual(inputs.capabilities, ["CAPABILITY_IAM"]);
assert.equal(inputs.templateBody, readFileSync(template, "utf8"));
// CloudFormation takes no longer template in a request.
assert.ok(Buffer.byteLength(inputs.templateBody) <= 51_200);

// Every parameter without a default has a value, and there are no others.
const text = inputs.templateBody.split("\nParameters:\n")[1].split("\nConditions:\n")[0];
const parameters = text.split(/^ {2}(?=\w)/m).slice(1);
const needed = parameters.filter((parameter) => !parameter.includes("\n    Default:"));
const names = needed.map((parameter) => parameter.split(":")[0]);
assert.deepEqual(Object.keys(inputs.parameters).sort(), names.sort());
console.log("ok   Pulumi's program makes the stack");
