// A worker with `sqs-consumer`: one consumer a receiver, each with batches of ten.
//
// `worker.mjs --queue-url URL --in-flight N --receivers N`. A consumer handles a whole batch before
// it receives the next, so the messages in flight are ten for each of them, whatever the receivers.

import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";

const text = { type: "string" };
const { values } = parseArgs({
    options: { "queue-url": text, "in-flight": text, receivers: text },
});
const wait = Number(process.env.WAIT_MS ?? 0);
const BATCH = 10;

let handled = 0;
let sum = 0;
let waited = 0;

async function handle(message) {
    for (const record of JSON.parse(message.Body).Records) {
        if (record.eventName.startsWith("ObjectCreated:")) {
            const key = decodeURIComponent(record.s3.object.key.replaceAll("+", " "));
            if (wait > 0) {
                const begun = performance.now();
                await sleep(wait);
                waited += performance.now() - begun;
            }
            handled += 1;
            sum += Number(key.split("/").at(-1).split(".")[0]);
        }
    }
}

const consumers = Array.from({ length: Math.ceil(Number(values["in-flight"]) / BATCH) }, () =>
    Consumer.create({
        queueUrl: values["queue-url"],
        sqs: new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL_SQS }),
        batchSize: BATCH,
        waitTimeSeconds: 20,
        visibilityTimeout: 60,
        heartbeatInterval: 30,
        handleMessageBatch: async (messages) => {
            const results = await Promise.allSettled(messages.map(handle));
            return messages.filter((_, index) => results[index].status === "fulfilled");
        },
    }),
);

for (const consumer of consumers) {
    consumer.on("error", (error) => console.error(error.message));
    consumer.on("processing_error", (error) => console.error(error.message));
    consumer.start();
}

process.on("SIGTERM", () => {
    for (const consumer of consumers) {
        consumer.stop({ abort: true });
    }
    console.log(`handled ${handled} sum ${sum} waited ${Math.round(waited * 1000)} us`);
    process.exit(0);
});
