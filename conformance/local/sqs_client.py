"""Uses the queues of s3-dispatch-local with boto3 and awscli, as a consumer and an operator would.

Usage: sqs_client.py PROGRAM

PROGRAM is `s3-dispatch-local`. It runs a bucket that notifies a queue without a function. Digests
of attributes are computed here again. The script prints one line per check. The exit status is 1 if
a check failed.
"""

import hashlib
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from client import CHECKS, Pipeline, wait_until

BUCKET = "amzn-s3-demo-bucket"
CONFIGURATION = f"""
[[bucket]]
name = "{BUCKET}"
[[bucket.notification]]
events = ["s3:ObjectCreated:*"]
queue = "uploads"

[[queue]]
name = "uploads"
dead_letter_queue = "failed"
max_receive_count = 2

[[queue]]
name = "failed"

[[queue]]
name = "orders.fifo"
content_based_deduplication = true
"""
ARN = "arn:aws:sqs:us-east-1:123456789012:"


class Server:
    """The program, with clients of its queues."""

    def __init__(self, program, folder):
        configuration = Path(folder, "pipeline.toml")
        configuration.write_text(CONFIGURATION)
        data = Path(folder, "data")
        self.pipeline = Pipeline(program, "--config", configuration, "--data", data)
        wait_until("SQS is served", lambda: self.sqs_address())
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.s3 = session.client("s3", endpoint_url=self.pipeline.address())
        self.sqs = session.client("sqs", endpoint_url=self.sqs_address())

    def sqs_address(self):
        found = (re.search(r"SQS is at (\S+)", line) for line in self.pipeline.lines.copy())
        return next((match[1] for match in found if match), None)

    def url(self, name):
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def receive(self, name, **arguments):
        arguments = {"MaxNumberOfMessages": 10, "AttributeNames": ["All"]} | arguments
        received = self.sqs.receive_message(QueueUrl=self.url(name), **arguments)
        return received.get("Messages", [])

    def aws(self, *arguments):
        """Runs `aws sqs`, and returns its exit status and its output or its error."""
        # awscli 1 does not read `AWS_ENDPOINT_URL_SQS` for this service.
        aws = [sys.executable, "-m", "awscli", "--endpoint-url", self.sqs_address()]
        command = [*aws, "--output", "json", "sqs", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return done.returncode, done.stderr
        return 0, json.loads(done.stdout) if done.stdout.strip() else {}


def expect(name, expected, found):
    mistakes = [] if expected == found else [f"expected {expected!r}", f"found    {found!r}"]
    CHECKS.check(name, mistakes)


def digest(attributes):
    """The digest of message attributes, by the rule in the Amazon SQS Developer Guide."""
    encoded = b""
    for name, attribute in sorted(attributes.items()):
        is_binary = attribute["DataType"].startswith("Binary")
        value = attribute["BinaryValue"] if is_binary else attribute["StringValue"].encode()
        for part in (name.encode(), attribute["DataType"].encode()):
            encoded += struct.pack(">I", len(part)) + part
        encoded += (b"\2" if is_binary else b"\1") + struct.pack(">I", len(value)) + value
    return hashlib.md5(encoded).hexdigest()


def some_attributes(numbers):
    """Attributes of every type, with values that break encoders."""
    texts = ["plain", "ä 日本語 😀", '{"quoted": "\\"\\\\"}', "\t\n", "x" * 5000]
    attributes = {}
    for number in range(numbers.randrange(1, 11)):
        name = f"Name_{number}.{numbers.randrange(1000)}-x"
        match numbers.randrange(3):
            case 0:
                value = {"DataType": "String.label", "StringValue": numbers.choice(texts)}
            case 1:
                value = {"DataType": "Number", "StringValue": str(numbers.uniform(-1e9, 1e9))}
            case _:
                value = {"DataType": "Binary", "BinaryValue": numbers.randbytes(99)}
        attributes[name] = value
    return attributes


def check_notifications(server):
    """A queue without a function serves whoever polls it."""
    waiting = []

    def poll():
        waiting.extend(server.receive("uploads", WaitTimeSeconds=20))

    # The first message is S3's test notification.
    first = server.receive("uploads", WaitTimeSeconds=5)
    expect("S3's test notification comes", "s3:TestEvent", json.loads(first[0]["Body"])["Event"])
    handle = first[0]["ReceiptHandle"]
    server.sqs.delete_message(QueueUrl=server.url("uploads"), ReceiptHandle=handle)

    poller = threading.Thread(target=poll)
    poller.start()
    started = time.monotonic()
    server.s3.put_object(Bucket=BUCKET, Key="my photo.jpg", Body=b"image")
    poller.join()
    keys = [json.loads(message["Body"])["Records"][0]["s3"]["object"]["key"] for message in waiting]
    expect("a waiting poller gets the notification", ["my+photo.jpg"], keys)
    CHECKS.check("it does not wait to the end", ["20 s"] if time.monotonic() - started > 15 else [])
    handle = waiting[0]["ReceiptHandle"]
    server.sqs.delete_message(QueueUrl=server.url("uploads"), ReceiptHandle=handle)


def check_messages(server):
    numbers = random.Random(7)
    url = server.sqs.create_queue(QueueName="attributes")["QueueUrl"]
    mistakes = []
    for number in range(60):
        attributes, body = some_attributes(numbers), f"body {number} ä"
        sent = server.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
        [message] = server.receive("attributes", MessageAttributeNames=["All"])
        found = (
            sent["MD5OfMessageBody"], message["MD5OfBody"],
            sent["MD5OfMessageAttributes"], message["MD5OfMessageAttributes"],
            message["MessageAttributes"], message["Body"], message["MessageId"],
        )
        body_digest = hashlib.md5(body.encode()).hexdigest()
        expected = (
            body_digest, body_digest, digest(attributes), digest(attributes),
            attributes, body, sent["MessageId"],
        )
        if found != expected:
            mistakes += [f"expected {expected}", f"found    {found}"]
        server.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    CHECKS.check("60 messages come back with their attributes and digests", mistakes)
    expect("they are deleted", [], server.receive("attributes"))


def check_resource(server):
    """boto3's resource, as many programs use it."""
    sqs = boto3.Session("test", "test", region_name="us-east-1").resource(
        "sqs", endpoint_url=server.sqs_address()
    )
    queue = sqs.create_queue(QueueName="resource", Attributes={"VisibilityTimeout": "100"})
    queue.send_messages(Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(10)])
    messages = queue.receive_messages(MaxNumberOfMessages=10)
    bodies = sorted(message.body for message in messages)
    expect("the resource receives a batch", [str(n) for n in range(10)], bodies)
    entries = [{"Id": m.body, "ReceiptHandle": m.receipt_handle} for m in messages[:9]]
    deleted = queue.delete_messages(Entries=entries)
    expect("the resource deletes a batch", 9, len(deleted["Successful"]))
    messages[9].change_visibility(VisibilityTimeout=0)
    [again] = queue.receive_messages()
    expect("a message comes again when it is visible", messages[9].body, again.body)
    again.delete()
    queue.reload()
    expect("the queue is empty", "0", queue.attributes["ApproximateNumberOfMessagesNotVisible"])


def check_order(server):
    url = server.url("orders.fifo")
    for number in range(20):
        group = "ab"[number % 2]
        server.sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId=group)
    again = server.sqs.send_message(QueueUrl=url, MessageBody="3", MessageGroupId="b")
    seen = []
    while messages := server.receive("orders.fifo"):
        seen += [(m["Attributes"]["MessageGroupId"], int(m["Body"])) for m in messages]
        entries = [{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages]
        server.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    for group, first in (("a", 0), ("b", 1)):
        own = [number for name, number in seen if name == group]
        expected = list(range(first, 20, 2))
        expect(f"group {group} comes in order and without duplicates", expected, own)
    CHECKS.check("a duplicate has a sequence number", [] if "SequenceNumber" in again else ["none"])


def check_errors(server):
    url = server.url("uploads")

    def code(call, **arguments):
        try:
            call(**arguments)
        except ClientError as error:
            return error.response["Error"]["Code"]
        return None

    sqs = server.sqs
    simple = "AWS.SimpleQueueService."
    cases = [
        (sqs.get_queue_url, {"QueueName": "absent"}, f"{simple}NonExistentQueue"),
        (sqs.send_message, {"QueueUrl": url, "MessageBody": "\0"}, "InvalidMessageContents"),
        (sqs.delete_message, {"QueueUrl": url, "ReceiptHandle": "x"}, "ReceiptHandleIsInvalid"),
        (
            sqs.receive_message,
            {"QueueUrl": url, "MaxNumberOfMessages": 11},
            "InvalidParameterValue",
        ),
        (sqs.send_message_batch, {"QueueUrl": url, "Entries": []}, f"{simple}EmptyBatchRequest"),
        (
            sqs.send_message,
            {"QueueUrl": server.url("orders.fifo"), "MessageBody": "a"},
            "MissingParameter",
        ),
        (
            sqs.remove_permission,
            {"QueueUrl": url, "Label": "x"},
            f"{simple}UnsupportedOperation",
        ),
    ]
    for call, arguments, expected in cases:
        expect(f"{call.__name__} fails with {expected}", expected, code(call, **arguments))
    try:
        sqs.get_queue_url(QueueName="absent")
    except sqs.exceptions.QueueDoesNotExist:
        CHECKS.check("the error has its class", [])
    else:
        CHECKS.check("the error has its class", ["no error"])


def check_deletion(server):
    """A test suite makes its queues and deletes them."""
    sqs = server.sqs
    url = sqs.create_queue(QueueName="short-lived")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="gone")
    sqs.delete_queue(QueueUrl=url)
    try:
        sqs.create_queue(QueueName="short-lived")
    except sqs.exceptions.QueueDeletedRecently:
        CHECKS.check("a name cannot be used again at once", [])
    else:
        CHECKS.check("a name cannot be used again at once", ["no error"])
    try:
        sqs.delete_queue(QueueUrl=url)
    except sqs.exceptions.QueueDoesNotExist:
        CHECKS.check("a queue is deleted once", [])
    else:
        CHECKS.check("a queue is deleted once", ["no error"])


def check_awscli(server):
    """What an operator does in a terminal."""

    def aws(*arguments):
        status, output = server.aws(*arguments)
        if status:
            CHECKS.check(f"aws sqs {arguments[0]}", [output])
            return {}
        return output

    listed = aws("list-queues", "--queue-name-prefix", "f")
    expect("aws sqs list-queues", [server.url("failed")], listed.get("QueueUrls"))
    created = aws("create-queue", "--queue-name", "cli", "--attributes", "DelaySeconds=0")
    url = created.get("QueueUrl", "")
    found = aws("get-queue-url", "--queue-name", "cli")
    expect("aws sqs create-queue and get-queue-url", created, found)
    sent = aws(
        "send-message", "--queue-url", url, "--message-body", "hello",
        "--message-attributes", "Colour={DataType=String,StringValue=red}",
    )
    received = aws(
        "receive-message", "--queue-url", url, "--wait-time-seconds", "1",
        "--attribute-names", "All", "--message-attribute-names", "All",
    )
    message = received.get("Messages", [{}])[0]
    expect("aws sqs receive-message", sent.get("MessageId"), message.get("MessageId"))
    expect(
        "the attribute comes along", "red",
        message.get("MessageAttributes", {}).get("Colour", {}).get("StringValue"),
    )
    handle = message.get("ReceiptHandle", "")
    aws(
        "change-message-visibility", "--queue-url", url, "--receipt-handle", handle,
        "--visibility-timeout", "900",
    )
    aws("delete-message", "--queue-url", url, "--receipt-handle", handle)
    aws("set-queue-attributes", "--queue-url", url, "--attributes", "VisibilityTimeout=77")
    found = aws("get-queue-attributes", "--queue-url", url, "--attribute-names", "All")
    attributes = found.get("Attributes", {})
    expect("aws sqs set-queue-attributes", "77", attributes.get("VisibilityTimeout"))
    counts = [value for name, value in attributes.items() if name.startswith("Approximate")]
    expect("aws sqs delete-message", ["0", "0", "0"], counts)
    aws("send-message", "--queue-url", url, "--message-body", "rubbish")
    aws("purge-queue", "--queue-url", url)
    expect("aws sqs purge-queue", {}, aws("receive-message", "--queue-url", url))
    aws("delete-queue", "--queue-url", url)
    expect("aws sqs delete-queue", {}, aws("list-queues", "--queue-name-prefix", "cli"))
    status, error = server.aws("get-queue-url", "--queue-name", "absent")
    is_clear = status != 0 and "The specified queue does not exist" in error
    CHECKS.check("aws sqs names the error", [] if is_clear else [error])


def check_redrive(server):
    """A poison message becomes a dead letter, and is sent back with awscli."""
    server.sqs.send_message(QueueUrl=server.url("uploads"), MessageBody="poison")
    for _ in range(3):
        server.receive("uploads", VisibilityTimeout=0)
    [letter] = server.receive("failed", VisibilityTimeout=0)
    expect(
        "a dead letter names its source", f"{ARN}uploads",
        letter["Attributes"]["DeadLetterQueueSourceArn"],
    )
    server.aws("start-message-move-task", "--source-arn", f"{ARN}failed")
    _, tasks = server.aws("list-message-move-tasks", "--source-arn", f"{ARN}failed")
    expect("the move task is completed", "COMPLETED", tasks["Results"][0]["Status"])
    [again] = server.receive("uploads", VisibilityTimeout=0)
    expect("the letter is back", "poison", again["Body"])
    expect("its receives count anew", "1", again["Attributes"]["ApproximateReceiveCount"])


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder)
        try:
            check_notifications(server)
            check_messages(server)
            check_resource(server)
            check_order(server)
            check_errors(server)
            check_redrive(server)
            check_deletion(server)
            check_awscli(server)
        finally:
            server.pipeline.process.kill()
            server.pipeline.stop()

        server = Server(program, folder)
        try:
            names = [url.rsplit("/", 1)[1] for url in server.sqs.list_queues()["QueueUrls"]]
            expected = ["attributes", "failed", "orders.fifo", "resource", "uploads"]
            expect("after kill -9 the queues are there", expected, sorted(names))
            bodies = [message["Body"] for message in server.receive("uploads")]
            expect("and their messages", ["poison"], bodies)
        finally:
            status = server.pipeline.stop()

    CHECKS.check("the program ends with status 0", [f"status {status}"] if status else [])
    print(f"{CHECKS.passed} passed, {CHECKS.failed} failed")
    return 1 if CHECKS.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
