"""Runs the pipeline of the examples in MiniStack, with both example programs as its functions.

Usage: pipeline.py ENDPOINT PUT_BINARY COPY_BINARY

The pipeline: bucket -> topic -> one queue per kind of event (filter policies on the body, raw
delivery) -> one function per queue. Each queue has a dead-letter queue. The right function must log
every object exactly once, with its decoded key. The script prints one line per check and a line of
totals. The exit status is 1 if a check failed.
"""

import io
import json
import sys
import time
import zipfile
from collections import Counter

import boto3
from botocore.config import Config

BUCKET = "uploads"
GARBAGE = "this is not a notification"
MAX_RECEIVE_COUNT = 3
# Seconds before a failed message is delivered again. AWS recommends six times the function's
# timeout; this is short because the test waits for three deliveries of the garbage.
VISIBILITY_TIMEOUT = 4
PATIENCE = 60

UPLOAD_EVENTS = ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"]
COPY_EVENTS = ["ObjectCreated:Copy"]


def hostile_keys():
    """More than a hundred keys that break encoders, logs, paths and markup."""
    ascii_signs = [chr(code) for code in range(1, 128) if not chr(code).isalnum()]
    # U+0085, U+2028 and U+2029 are left out: MiniStack ends a log line at each of them and breaks
    # the JSON around it.
    return [f"one{sign}sign" for sign in ascii_signs] + [
        # fmt: off
        " ",
        "  spaces  around  ",
        "a+b c%20d",
        "%2B",
        "%2b%252B",
        "100%",
        "%zz",
        "%F0%9F",
        "%C3%28",
        "+++",
        "naïve café",
        "e\u0301 and é",
        "日本語/ファイル.txt",
        "😀/👩‍👩‍👧‍👦.png",
        "مرحبا",
        "\u202egpj.exe",
        "\ufeffbom",
        "no\u00a0break",
        "zero\u200bwidth",
        "\uffff",
        "\U0010ffff",
        "../../etc/passwd",
        "./a/../b",
        "..",
        "a//b",
        "/leading",
        "//",
        "trailing/",
        "C:\\dir\\new\\table",
        "line\nERROR forged",
        "line\r\n\r\nforged: header",
        "\x1b[31mred\x1b[0m",
        "tab\tand\x00nul",
        '{"Records":[]}',
        '"},{"eventName":"ObjectCreated:Copy',
        "\\u0041\\n",
        "'; DROP TABLE objects; --",
        "<a href='x'>&amp;</a>",
        "]]><!--",
        "$(id)`id`${HOME}",
        "a?versionId=b&c=d#e",
        "s3://bucket/key",
        "-rf *",
        "null",
        "1e999",
        "k" * 1000,
        "é" * 500,
        "😀" * 250,
        "%" * 1000,
        " " * 1000,
        "/" * 1000,
        # fmt: on
    ]


class Pipeline:
    def __init__(self, endpoint):
        # A retried request could cause a second event.
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        session = boto3.Session("test", "test", region_name="eu-central-1")
        self.s3, self.sns, self.sqs, self.functions, self.logs = (
            session.client(service, endpoint_url=endpoint, config=config)
            for service in ("s3", "sns", "sqs", "lambda", "logs")
        )
        self.topic = self.sns.create_topic(Name="object-events")["TopicArn"]

    def add_branch(self, name, events, binary):
        """Adds a queue that is subscribed to the events, its dead-letter queue and its function."""
        dead_letters = self.add_queue(f"{name}-dead-letters", {})
        redrive = {
            "deadLetterTargetArn": self.arn(dead_letters),
            "maxReceiveCount": MAX_RECEIVE_COUNT,
        }
        queue = self.add_queue(
            name,
            {"VisibilityTimeout": str(VISIBILITY_TIMEOUT), "RedrivePolicy": json.dumps(redrive)},
        )
        self.sns.subscribe(
            TopicArn=self.topic,
            Protocol="sqs",
            Endpoint=self.arn(queue),
            Attributes={
                "RawMessageDelivery": "true",
                "FilterPolicyScope": "MessageBody",
                "FilterPolicy": json.dumps({"Records": {"eventName": events}}),
            },
        )
        self.functions.create_function(
            FunctionName=name,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/lambda",
            Timeout=VISIBILITY_TIMEOUT,
            Code={"ZipFile": zipped(binary)},
            Environment={"Variables": {"AWS_LAMBDA_LOG_FORMAT": "JSON"}},
        )
        # `flush_logs` reaches the function's environment only if there is just one.
        self.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        self.functions.create_event_source_mapping(
            EventSourceArn=self.arn(queue),
            FunctionName=name,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        return queue, dead_letters

    def add_queue(self, name, attributes):
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def add_bucket(self):
        """Adds the bucket. Call this last: it sends a test notification, which filters reject."""
        self.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        topic = {"TopicArn": self.topic, "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"TopicConfigurations": [topic]}
        )

    def upload_in_parts(self, key, parts):
        upload = {"Bucket": BUCKET, "Key": key}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload)["UploadId"]
        tags = [
            {
                "PartNumber": number,
                "ETag": self.s3.upload_part(**upload, PartNumber=number, Body=part)["ETag"],
            }
            for number, part in enumerate(parts, start=1)
        ]
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": tags})

    def arn(self, queue):
        return self.attributes(queue)["QueueArn"]

    def attributes(self, queue):
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]

    def depth(self, queue):
        """Counts all messages: visible, in flight and delayed."""
        counted = ("", "NotVisible", "Delayed")
        attributes = self.attributes(queue)
        return sum(int(attributes[f"ApproximateNumberOfMessages{which}"]) for which in counted)

    def bodies(self, queue):
        received = self.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        return [message["Body"] for message in received.get("Messages", [])]

    def flush_logs(self, function):
        """Invokes the function once more, to get its last log lines.

        MiniStack stops reading an invocation's output after 5 ms of silence. It reports later lines
        with the next invocation of the same environment.
        """
        try:
            self.functions.invoke(FunctionName=function, Payload=b'{"Records":[]}')
        except self.functions.exceptions.TooManyRequestsException:
            pass  # The function is busy, so its next invocation follows anyway.

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

    def objects(self, function):
        """Counts the objects that the function's handlers logged."""
        return Counter(
            (line["message"], line["event_name"], line["bucket"], line["key"], line["size"])
            for line in self.log_lines(function)
            if line["message"] in ("object uploaded", "object copied")
        )

    def complaints(self, function):
        return [line for line in self.log_lines(function) if line["level"] in ("WARN", "ERROR")]


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, mistakes):
        if mistakes:
            self.failed += 1
        else:
            self.passed += 1
        print(f"{'FAIL' if mistakes else 'ok  '} {name}", *mistakes, sep="\n     ")


def zipped(binary):
    """Packs a program as a function's package: a zip with the executable `bootstrap`."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    package = io.BytesIO()
    with (
        open(binary, "rb") as program,
        zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        archive.writestr(entry, program.read(), compresslevel=1)
    return package.getvalue()


def wait_until(what, is_true):
    """Waits for a condition. After a timeout it prints a line and returns: the checks then fail."""
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        if time.monotonic() > deadline:
            print(f"gave up after {PATIENCE} s: waiting until {what}")
            return
        time.sleep(0.1)


def differences(expected, found):
    """Lists what is missing and what is surplus, one line each."""
    return [f"missing, {count} times: {item!a}" for item, count in (expected - found).items()] + [
        f"surplus, {count} times: {item!a}" for item, count in (found - expected).items()
    ]


def main(endpoint, put_binary, copy_binary):
    pipeline = Pipeline(endpoint)
    put_queue, put_dead_letters = pipeline.add_branch("put", UPLOAD_EVENTS, put_binary)
    copy_queue, copy_dead_letters = pipeline.add_branch("copy", COPY_EVENTS, copy_binary)
    pipeline.add_bucket()

    uploads, copies = Counter(), Counter()
    pipeline.sqs.send_message(QueueUrl=put_queue, MessageBody=GARBAGE)
    for size, key in enumerate(hostile_keys()):
        copy = f"copies/{key}"
        pipeline.s3.put_object(Bucket=BUCKET, Key=key, Body=b"x" * size)
        uploads["object uploaded", "ObjectCreated:Put", BUCKET, key, size] += 1
        pipeline.s3.copy_object(Bucket=BUCKET, Key=copy, CopySource={"Bucket": BUCKET, "Key": key})
        copies["object copied", "ObjectCreated:Copy", BUCKET, copy, size] += 1
    # Every part except the last is at least 5 MiB ("Amazon S3 multipart upload limits", Amazon S3
    # User Guide).
    parts = [b"x" * (5 << 20), b"x"]
    pipeline.upload_in_parts("a large upload", parts)
    size = sum(map(len, parts))
    uploads[
        "object uploaded", "ObjectCreated:CompleteMultipartUpload", BUCKET, "a large upload", size
    ] += 1

    queues = {
        "PUT queue": put_queue,
        "COPY queue": copy_queue,
        "COPY dead-letter queue": copy_dead_letters,
    }

    def only_garbage_left():
        return pipeline.depth(put_dead_letters) == 1 and not any(
            map(pipeline.depth, queues.values())
        )

    def logged(function, expected):
        pipeline.flush_logs(function)
        return pipeline.objects(function).total() >= expected.total()

    wait_until("the garbage is the only message left", only_garbage_left)
    wait_until("every upload is logged", lambda: logged("put", uploads))
    wait_until("every copy is logged", lambda: logged("copy", copies))

    checks = Checks()
    checks.check(
        f"the PUT function logged {uploads.total()} uploads once each and no copy",
        differences(uploads, pipeline.objects("put")),
    )
    checks.check(
        f"the COPY function logged {copies.total()} copies once each and no upload",
        differences(copies, pipeline.objects("copy")),
    )
    complaints = pipeline.complaints("put")
    checks.check(
        f"the PUT function logged {MAX_RECEIVE_COUNT} warnings or errors, one per garbage delivery",
        [] if len(complaints) == MAX_RECEIVE_COUNT else [f"found {len(complaints)}:", *complaints],
    )
    checks.check("the COPY function logged no warning or error", pipeline.complaints("copy"))
    checks.check(
        "the PUT dead-letter queue holds only the garbage",
        differences(Counter([GARBAGE]), Counter(pipeline.bodies(put_dead_letters))),
    )
    for name, queue in queues.items():
        depth = pipeline.depth(queue)
        checks.check(
            f"the {name} is empty", [f"{depth} messages: {pipeline.bodies(queue)}"] if depth else []
        )
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
