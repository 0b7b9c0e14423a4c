"""The function with Powertools for AWS Lambda (Python), with a handler that only reads.

`python handler.py <payload file>` prints the CPU time per batch in microseconds.
"""

import json
import sys
import time
from urllib.parse import unquote_plus

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.s3_event import S3Event
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

processor = BatchProcessor(event_type=EventType.SQS)
seen = 0


# Powertools passes the message as an argument with this name.
def handle_message(record: SQSRecord) -> None:
    global seen
    for entry in S3Event(record.json_body).records:
        uploaded = entry.s3.get_object
        bucket, key, size = entry.s3.bucket.name, unquote_plus(uploaded.key), uploaded.size
        if entry.event_name in ("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"):
            seen += len(bucket) + len(key) + size


def handler(event, context):
    return process_partial_response(event, handle_message, processor, context)


def measure(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        payload = file.read()

    def answer():
        return json.dumps(handler(json.loads(payload), None))

    assert json.loads(answer()) == {"batchItemFailures": []} and seen > 0
    for _ in range(100):
        answer()
    rounds = []
    for _ in range(9):
        start = time.process_time_ns()
        for _ in range(50):
            answer()
        rounds.append((time.process_time_ns() - start) / 50 / 1000)
    print(f"{sorted(rounds)[4]:.1f}")


if __name__ == "__main__":
    measure(sys.argv[1])
