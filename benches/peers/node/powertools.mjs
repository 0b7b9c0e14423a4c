// The function with Powertools for AWS Lambda (TypeScript).

import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { decode, read } from './reading.mjs';

const processor = new BatchProcessor(EventType.SQS);

const handleMessage = async (message) => {
  for (const record of JSON.parse(message.body).Records) {
    read(record, decode(record.s3.object.key));
  }
};

export const handler = async (event, context) =>
  processPartialResponse(event, handleMessage, processor, { context });
