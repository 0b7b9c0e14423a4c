// The function with Middy, whose normalizer parses the bodies and decodes the keys.

import middy from '@middy/core';
import eventNormalizer from '@middy/event-normalizer';
import sqsPartialBatchFailure from '@middy/sqs-partial-batch-failure';
import { read } from './reading.mjs';

const handleMessage = async (message) => {
  for (const record of message.body.Records) {
    read(record, record.s3.object.key);
  }
};

export const handler = middy()
  .use(eventNormalizer())
  .use(sqsPartialBatchFailure())
  .handler((event) => Promise.allSettled(event.Records.map(handleMessage)));
