// Drains a queue of s3-dispatch-local with sqs-consumer, as a service in Node.js would.
//
// Usage: node --test consumer.mjs, with the program's path in PROGRAM.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";

import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const CONFIGURATION = `
[[queue]]
name = "orders"
visibility_timeout = 1
dead_letter_queue = "failed"
max_receive_count = 2

[[queue]]
name = "failed"
`;
const MESSAGES = 60;

let folder, program, client;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "consumer-"));
  const configuration = join(folder, "pipeline.toml");
  await writeFile(configuration, CONFIGURATION);
  const options = { stdio: ["ignore", "pipe", "inherit"] };
  program = spawn(process.env.PROGRAM, ["--port", "0", "--config", configuration], options);

  const endpoint = await new Promise((resolve, reject) => {
    program.once("exit", (status) => reject(new Error(`the program ended with ${status}`)));
    createInterface({ input: program.stdout }).on("line", (line) => {
      const found = line.match(/SQS is at (\S+)/);
      if (found) resolve(found[1]);
    });
  });
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  client = new SQSClient({ endpoint, region: "us-east-1", credentials });
});

after(async () => {
  client?.destroy();
  program?.kill();
  await rm(folder, { recursive: true, force: true });
});

async function url(name) {
  return (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
}

// How many messages a queue holds, in flight or not.
async function count(queue) {
  const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
  const command = new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: names });
  const { Attributes } = await client.send(command);
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

async function send(queue, bodies) {
  for (let start = 0; start < bodies.length; start += 10) {
    const entries = bodies.slice(start, start + 10).map((body, index) => ({
      Id: String(index),
      MessageBody: body,
    }));
    const command = new SendMessageBatchCommand({ QueueUrl: queue, Entries: entries });
    assert.equal((await client.send(command)).Successful.length, entries.length);
  }
}

// Runs a consumer until the queue is empty. Returns how often it saw each body, and its errors.
async function drain(queue, handlers) {
  const seen = new Map();
  const errors = [];
  const see = (message) => seen.set(message.Body, (seen.get(message.Body) ?? 0) + 1);
  const consumer = Consumer.create({
    queueUrl: queue,
    sqs: client,
    batchSize: 10,
    waitTimeSeconds: 1,
    ...handlers((message) => {
      see(message);
      return seen.get(message.Body);
    }),
  });
  for (const event of ["error", "processing_error", "timeout_error"]) {
    consumer.on(event, (error) => errors.push([event, error.message]));
  }

  consumer.start();
  const deadline = Date.now() + 60_000;
  while ((await count(queue)) > 0) {
    assert.ok(Date.now() < deadline, `${await count(queue)} messages are left`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const stopped = new Promise((resolve) => consumer.once("stopped", resolve));
  consumer.stop({ abort: true });
  await stopped;
  return { seen, errors };
}

const bodies = (prefix) => Array.from({ length: MESSAGES }, (_, index) => `${prefix} ${index}`);

test("each message is handled once, and a failed one comes back", async () => {
  const queue = await url("orders");
  await send(queue, bodies("one"));
  const { seen, errors } = await drain(queue, (see) => ({
    handleMessage: async (message) => {
      if (see(message) === 1 && message.Body === "one 7") throw new Error("not now");
      return message;
    },
  }));

  assert.equal(seen.size, MESSAGES);
  for (const [body, times] of seen) assert.equal(times, body === "one 7" ? 2 : 1, body);
  assert.deepEqual(errors, [["processing_error", "Unexpected message handler failure: not now"]]);
  assert.equal(await count(await url("failed")), 0);
});

test("a batch keeps what its handler did not acknowledge", async () => {
  const queue = await url("orders");
  await send(queue, bodies("batch"));
  const { seen, errors } = await drain(queue, (see) => ({
    handleMessageBatch: async (messages) =>
      messages.filter((message) => see(message) > 1 || !message.Body.endsWith("3")),
  }));

  assert.equal(seen.size, MESSAGES);
  for (const [body, times] of seen) assert.equal(times, body.endsWith("3") ? 2 : 1, body);
  assert.deepEqual(errors, []);
});

test("a message that always fails ends in the dead-letter queue", async () => {
  const queue = await url("orders");
  await send(queue, ["good", "bad"]);
  const { seen } = await drain(queue, (see) => ({
    // The consumer gives up the visibility of a failed message, so it comes back at once.
    terminateVisibilityTimeout: true,
    handleMessage: async (message) => {
      see(message);
      if (message.Body === "bad") throw new Error("never");
      return message;
    },
  }));

  assert.deepEqual(Object.fromEntries(seen), { good: 1, bad: 2 });
  assert.equal(await count(await url("failed")), 1);
});
