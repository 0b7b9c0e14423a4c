"""A queue full of S3 notifications, and the server that has it."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from urllib.parse import urlsplit

SERVER_CORE = "0"


def notification(number):
    """The body that S3 publishes for one upload, in its order and without whitespace."""
    record = {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-26T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLEEXAMPLEEXA:uploads"},
        "requestParameters": {"sourceIPAddress": "203.0.113.17"},
        "responseElements": {
            "x-amz-request-id": "C3D13FE58DE4C810",
            "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": "amzn-s3-demo-bucket",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::amzn-s3-demo-bucket",
            },
            "object": {
                "key": f"uploads/2026/{number:08}.jpg",
                "size": 1305107,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "sequencer": f"0066F4{number:012X}",
            },
        },
    }
    return json.dumps({"Records": [record]}, separators=(",", ":"))


class Queue:
    """A queue of its own for one measurement."""

    numbers = iter(range(1_000_000))

    def __init__(self, endpoint):
        self.connection = http.client.HTTPConnection(urlsplit(endpoint).netloc)
        name = f"worker-{os.getpid()}-{next(self.numbers)}"
        attributes = {"VisibilityTimeout": "60"}
        created = self.call("CreateQueue", QueueName=name, Attributes=attributes)
        self.url = created["QueueUrl"]

    def call(self, operation, **body):
        scope = "20261126/us-east-1/sqs/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
            # The simulated services do not check signatures.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/{scope}, "
            "SignedHeaders=host, Signature=none",
        }
        self.connection.request("POST", "/", json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{operation}: {answer.status} {text[:500]}")
        return json.loads(text) if text else {}

    def fill(self, messages):
        for first in range(0, messages, 10):
            entries = [
                {"Id": str(number), "MessageBody": notification(number)}
                for number in range(first, min(first + 10, messages))
            ]
            answer = self.call("SendMessageBatch", QueueUrl=self.url, Entries=entries)
            if answer.get("Failed"):
                sys.exit(f"SendMessageBatch: {answer['Failed']}")

    def left(self):
        """Returns how many messages are not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.call("GetQueueAttributes", QueueUrl=self.url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def delete(self):
        self.call("DeleteQueue", QueueUrl=self.url)
        self.connection.close()


CONFIGURATION = """
[[queue]]
name = "unused"
"""


@contextlib.contextmanager
def local_server():
    """Starts `s3-dispatch-local`, which the variable `S3_DISPATCH_LOCAL` names."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = os.path.join(folder, "queues.toml")
        with open(configuration, "w") as file:
            file.write(CONFIGURATION)
        output = os.path.join(folder, "output")
        program = [os.environ["S3_DISPATCH_LOCAL"], "--config", configuration]
        command = ["taskset", "-c", SERVER_CORE, *program, "--port", "0", "--sqs-port", "0"]
        with open(output, "w") as file:
            server = subprocess.Popen(command, stdout=file, stderr=file)
        try:
            while True:
                with open(output) as file:
                    text = file.read()
                if found := re.search(r"SQS is at (http://[\w.:]+)", text):
                    break
                if server.poll() is not None:
                    sys.exit(f"s3-dispatch-local did not start: {text}")
                time.sleep(0.01)
            yield found[1]
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()
