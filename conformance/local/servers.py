"""Runs the pipeline of pipeline.toml on s3-dispatch-local and on other servers, and records what
arrives."""

import json
import re
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import boto3
from botocore.config import Config

sys.path.append(str(Path(__file__).parents[1] / "ministack"))

import recorder
from client import Pipeline
from operations import operate
from pipeline import hostile_keys, wait_until, zipped

BUCKET = "uploads"
# `put-processor` rejects larger objects permanently; pipeline.toml sets the same limit.
MAX_OBJECT_BYTES = 5_300_000
# After this many seconds without a message no more will come. It is a multiple of the queues'
# visibility timeout.
SILENCE = 9
PATIENCE = 120


class Observed:
    """The result of the operations: every message that a function received, as often as it received
    it, and the objects that the functions logged."""

    def __init__(self):
        self.events, self.messages, self.handled, self.refused = [], [], Counter(), 0

    def add_logs(self, lines):
        for line in lines:
            if line["message"] in ("object uploaded", "object copied"):
                self.handled[line["message"], line["event_name"], line["key"], line["size"]] += 1
            self.refused += line["level"] in ("WARN", "ERROR")


def prepare(folder, bin_dir):
    """Writes the topology and the recorder into the folder."""
    source = Path(__file__).parent
    text = (
        source.joinpath("pipeline.toml")
        .read_text()
        .replace("FOLDER", str(folder))
        .replace("BIN_DIR", str(bin_dir))
    )
    folder.joinpath("pipeline.toml").write_text(text)
    program = folder / "recorder"
    program.write_text(f"#!{sys.executable}\n" + source.joinpath("recorder.py").read_text())
    program.chmod(0o755)
    folder.joinpath("records").touch()
    return tomllib.loads(text)


def clients(endpoint, *names):
    # A retried request could cause a second event.
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    session = boto3.Session("test", "test", region_name="us-east-1")
    return [session.client(name, endpoint_url=endpoint, config=config) for name in names]


def work(s3):
    """Runs all operations and returns their events."""
    # LocalStack treats some keys as paths and cannot store objects under them.
    is_path = re.compile(r"^/|//|(^|/)\.\.?(/|$)").search
    keys = [
        key for key in hostile_keys() if key.isprintable() and len(key) < 300 and not is_path(key)
    ]
    events = list(operate(s3, BUCKET, keys))
    for key, size in [(f"answers/{name}", 1) for name in recorder.ANSWERS] + [
        ("poison", MAX_OBJECT_BYTES + 1)
    ]:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * size)
        events.append(("ObjectCreated:Put", key, size))
    return events


def recorded(folder):
    """Returns the messages that the recorder received, once no more arrive."""
    records, size, last = folder / "records", 0, time.monotonic()
    deadline = last + PATIENCE
    while time.monotonic() - last < SILENCE and time.monotonic() < deadline:
        if records.stat().st_size > size:
            size, last = records.stat().st_size, time.monotonic()
        time.sleep(0.2)
    return [
        message
        for line in records.read_text().splitlines()
        for message in json.loads(line)["Records"]
    ]


def ours(folder, program, bin_dir):
    prepare(folder, bin_dir)
    pipeline = Pipeline(program, "--config", str(folder / "pipeline.toml"))
    observed = Observed()
    try:
        (s3,) = clients(pipeline.address(), "s3")
        observed.events = work(s3)
        observed.messages = recorded(folder)
    finally:
        pipeline.stop()
    for function in ("put-processor", "copy-processor"):
        observed.add_logs(json.loads(line) for line in pipeline.logs(function))
    return observed


class Server:
    """Another server, on which the topology is created."""

    def __init__(self, endpoint, topology):
        self.s3, self.sns, self.sqs, self.functions, self.logs = clients(
            endpoint, "s3", "sns", "sqs", "lambda", "logs"
        )
        self.topology = topology
        self.urls, self.arns = {}, {}
        for queue in topology["queue"]:
            attributes = {"VisibilityTimeout": str(queue.get("visibility_timeout", 30))}
            url = self.sqs.create_queue(QueueName=queue["name"], Attributes=attributes)["QueueUrl"]
            arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"]
            self.urls[queue["name"]], self.arns[queue["name"]] = url, arn
        for queue in topology["queue"]:
            if "dead_letter_queue" in queue:
                arn = self.arns[queue["dead_letter_queue"]]
                redrive = {
                    "deadLetterTargetArn": arn,
                    "maxReceiveCount": queue["max_receive_count"],
                }
                attributes = {"RedrivePolicy": json.dumps(redrive)}
                self.sqs.set_queue_attributes(
                    QueueUrl=self.urls[queue["name"]], Attributes=attributes
                )
        topics = {
            topic["name"]: self.sns.create_topic(Name=topic["name"])["TopicArn"]
            for topic in topology["topic"]
        }
        for subscription in topology["subscription"]:
            attributes = {"RawMessageDelivery": json.dumps(subscription.get("raw_delivery", True))}
            if policy := subscription.get("filter_policy"):
                attributes |= {
                    "FilterPolicyScope": "MessageBody",
                    "FilterPolicy": json.dumps(policy),
                }
            topic, queue = topics[subscription["topic"]], self.arns[subscription["queue"]]
            self.sns.subscribe(
                TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes
            )
        self.topics = topics

    def add_functions(self):
        for function in self.topology["function"]:
            self.functions.create_function(
                FunctionName=function["name"],
                Runtime="provided.al2023",
                Handler="bootstrap",
                Role="arn:aws:iam::000000000000:role/lambda",
                Timeout=3,
                Code={"ZipFile": zipped(function["command"][0])},
                Environment={"Variables": function["environment"]},
            )
            if limit := function.get("reserved_concurrency"):
                self.functions.put_function_concurrency(
                    FunctionName=function["name"], ReservedConcurrentExecutions=limit
                )
        for mapping in self.topology["mapping"]:
            self.functions.create_event_source_mapping(
                EventSourceArn=self.arns[mapping["queue"]],
                FunctionName=mapping["function"],
                BatchSize=mapping.get("batch_size", 10),
                FunctionResponseTypes=["ReportBatchItemFailures"],
            )

    def add_buckets(self):
        """Adds the buckets. Call this last: it causes the test notification."""
        for bucket in self.topology["bucket"]:
            self.s3.create_bucket(Bucket=bucket["name"])
            configurations = [
                {"Id": one["id"], "TopicArn": self.topics[one["topic"]], "Events": one["events"]}
                for one in bucket["notification"]
            ]
            self.s3.put_bucket_notification_configuration(
                Bucket=bucket["name"],
                NotificationConfiguration={"TopicConfigurations": configurations},
            )

    def log_lines(self, function):
        try:
            events = self.logs.filter_log_events(
                logGroupName=f"/aws/lambda/{function}", limit=10_000
            )["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # The function was never invoked.
        return [
            json.loads(event["message"]) for event in events if event["message"].startswith("{")
        ]

    def poll(self):
        """Stands in for mapping and function: receives every message, and deletes it unless its
        function would fail."""
        messages, last = [], time.monotonic()
        while time.monotonic() - last < SILENCE:
            for queue, url in self.urls.items():
                received = self.sqs.receive_message(
                    QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"]
                )
                for message in received.get("Messages", []):
                    last = time.monotonic()
                    body, attributes = message["Body"], message["Attributes"]
                    messages.append(
                        {"body": body, "attributes": attributes, "eventSourceARN": self.arns[queue]}
                    )
                    if not fails(queue, body):
                        self.sqs.delete_message(
                            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"]
                        )
        return messages


def fails(queue, body):
    if queue == "put-processor":
        return json.loads(body)["Records"][0]["s3"]["object"]["size"] > MAX_OBJECT_BYTES
    return recorder.answer(queue, body)[1]


def localstack(folder, endpoint, bin_dir):
    """Runs S3, SNS and SQS on LocalStack; this script stands in for the functions."""
    server = Server(endpoint, prepare(folder, bin_dir))
    server.add_buckets()
    observed = Observed()
    observed.events = work(server.s3)
    observed.messages = server.poll()
    return observed


def ministack(folder, endpoint, bin_dir):
    """Runs the whole pipeline on MiniStack."""
    server = Server(endpoint, prepare(folder, bin_dir))
    server.add_functions()
    server.add_buckets()
    observed = Observed()
    observed.events = work(server.s3)
    observed.messages = recorded(folder)
    for function in ("put-processor", "copy-processor"):
        # MiniStack may report the last log lines only with the next invocation.
        server.functions.invoke(FunctionName=function, Payload=b'{"Records":[]}')
        wait_until("the logs are there", lambda: server.log_lines(function))
        observed.add_logs(server.log_lines(function))
    return observed
