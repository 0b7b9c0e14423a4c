"""Creates and configures buckets of s3-dispatch-local with boto3 and awscli, as a set-up script would.

Usage: bucket_client.py PROGRAM

PROGRAM is `s3-dispatch-local`. Its configuration has no bucket: a client creates one, says what it
publishes and puts objects, and the function runs. The program is killed in between. The script
prints one line per check. The exit status is 1 if a check failed.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from client import CHECKS, Pipeline, wait_until

RECORDER = Path(__file__).with_name("recorder.py")
ARN = "arn:aws:{}:us-east-1:123456789012:{}"
CONFIGURATION = """
[[topic]]
name = "removed"
[[subscription]]
topic = "removed"
queue = "uploads"

[[rule]]
name = "everything"
queue = "uploads"
pattern.source = ["aws.s3"]

[[queue]]
name = "uploads"

[[function]]
name = "recorder"
command = [{python}, {recorder}]
environment = {{ RECORDS = {records} }}

[[mapping]]
queue = "uploads"
function = "recorder"
"""


class Server:
    """The program with a function, and clients of its buckets."""

    def __init__(self, program, folder):
        self.records = Path(folder, "records")
        paths = {"python": sys.executable, "recorder": RECORDER, "records": self.records}
        quoted = {name: json.dumps(str(path)) for name, path in paths.items()}
        configuration = Path(folder, "pipeline.toml")
        configuration.write_text(CONFIGURATION.format(**quoted))
        data = Path(folder, "data")
        self.pipeline = Pipeline(program, "--config", configuration, "--data", data)
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.s3 = session.client("s3", endpoint_url=self.pipeline.address())

    def aws(self, *arguments):
        """Runs `aws s3api`, and returns its exit status and its output or its error."""
        aws = [sys.executable, "-m", "awscli", "--endpoint-url", self.pipeline.address()]
        command = [*aws, "--output", "json", "s3api", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return done.returncode, done.stderr
        return 0, json.loads(done.stdout) if done.stdout.strip() else {}

    def handled(self):
        """What the function has got: the event, the bucket and the key of each."""
        lines = self.records.read_text().splitlines() if self.records.exists() else []
        bodies = [json.loads(message["body"]) for line in lines for message in records(line)]
        return sorted(event for event in map(summary, bodies))

    def wait_for(self, name, expected):
        wait_until(name, lambda: len(self.handled()) >= len(expected))
        expect(name, sorted(expected), self.handled())


def records(line):
    return json.loads(line)["Records"]


def summary(body):
    if "Event" in body:
        return body["Event"], body["Bucket"], ""
    if "detail" in body:
        detail = body["detail"]
        return body["detail-type"], detail["bucket"]["name"], detail["object"]["key"]
    [record] = body["Records"]
    s3 = record["s3"]
    return record["eventName"], s3["bucket"]["name"], s3["object"]["key"]


def expect(name, expected, found):
    mistakes = [] if expected == found else [f"expected {expected!r}", f"found    {found!r}"]
    CHECKS.check(name, mistakes)


def queue(name, *events, **filters):
    rules = [{"Name": rule, "Value": value} for rule, value in filters.items()]
    configuration = {"QueueArn": ARN.format("sqs", name), "Events": list(events)}
    if rules:
        configuration["Filter"] = {"Key": {"FilterRules": rules}}
    return configuration


def by_boto3(server):
    """Wires a bucket, and yields what the function should get."""
    s3, bucket = server.s3, "amzn-s3-demo-boto3"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="before", Body=b"body")
    put = s3.put_bucket_notification_configuration
    topic = {"TopicArn": ARN.format("sns", "removed"), "Events": ["s3:ObjectRemoved:*"]}
    configuration = {
        "QueueConfigurations": [queue("uploads", "s3:ObjectCreated:*", Suffix=".jpg")],
        "TopicConfigurations": [topic],
    }
    put(Bucket=bucket, NotificationConfiguration=configuration)
    yield from [("s3:TestEvent", bucket, "")] * 2

    for key in ("a b.jpg", "a.txt"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"body")
        s3.delete_object(Bucket=bucket, Key=key)
    yield "ObjectCreated:Put", bucket, "a+b.jpg"
    yield "ObjectRemoved:Delete", bucket, "a+b.jpg"
    yield "ObjectRemoved:Delete", bucket, "a.txt"

    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    found.pop("ResponseMetadata")
    for part in (*found["QueueConfigurations"], *found["TopicConfigurations"]):
        CHECKS.check("a configuration gets an id", [] if part.pop("Id") else ["none"])
    expect("the configuration is read back", configuration, found)

    put(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket=bucket, Key="a b.txt", Body=b"body")
    yield "Object Created", bucket, "a b.txt"
    put(Bucket=bucket, NotificationConfiguration={})
    s3.put_object(Bucket=bucket, Key="c.jpg", Body=b"body")


def check_refusals(server):
    s3, bucket = server.s3, "amzn-s3-demo-boto3"
    created = "s3:ObjectCreated:*"
    for text, configurations in {
        "The event is not supported for notifications": [queue("uploads", "s3:Created")],
        "Configurations overlap": [queue("uploads", created), queue("uploads", created)],
        "Unable to validate the following destination": [queue("absent", created)],
        "filter rule name must be either prefix or suffix": [queue("uploads", created, Infix="a")],
    }.items():
        try:
            configuration = {"QueueConfigurations": configurations}
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=configuration
            )
            mistakes = ["it was accepted"]
        except ClientError as error:
            answer = error.response["Error"]
            is_clear = answer["Code"] == "InvalidArgument" and answer["Message"].startswith(text)
            mistakes = [] if is_clear else [str(answer)]
        CHECKS.check(f"boto3 is told: {text}", mistakes)


def by_awscli(server):
    """Wires a bucket, and yields what the function should get."""
    bucket = "amzn-s3-demo-awscli"
    at = ("--bucket", bucket)
    server.aws("create-bucket", *at)
    configuration = {"QueueConfigurations": [queue("uploads", "s3:ObjectCreated:Put")]}
    put = ("put-bucket-notification-configuration", *at, "--notification-configuration")
    status, error = server.aws(*put, json.dumps(configuration))
    expect("aws s3api configures a bucket", 0, status)
    yield "s3:TestEvent", bucket, ""
    server.aws("put-object", *at, "--key", "cli.txt", "--body", __file__)
    yield "ObjectCreated:Put", bucket, "cli.txt"

    missing = json.dumps({"QueueConfigurations": [queue("absent", "s3:ObjectCreated:*")]})
    status, error = server.aws(*put, missing)
    is_clear = status != 0 and "The destination queue does not exist" in error
    CHECKS.check("aws s3api names a missing queue", [] if is_clear else [str(error)])
    server.aws(*put, missing, "--skip-destination-validation")
    _, found = server.aws("get-bucket-notification-configuration", *at)
    expect("and takes it if told so", 1, len(found["QueueConfigurations"]))
    server.aws(*put, json.dumps(configuration), "--skip-destination-validation")


def check_settings(server):
    """The other settings of a bucket."""
    s3, at = server.s3, {"Bucket": "amzn-s3-demo-boto3"}
    rule = {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example"]}
    s3.put_bucket_cors(**at, CORSConfiguration={"CORSRules": [rule]})
    expect("CORS is read back", [rule], s3.get_bucket_cors(**at)["CORSRules"])
    tags = [{"Key": "team", "Value": "photos"}]
    s3.put_bucket_tagging(**at, Tagging={"TagSet": tags})
    expect("tags are read back", tags, s3.get_bucket_tagging(**at)["TagSet"])
    try:
        s3.put_bucket_policy(**at, Policy="{}")
        mistakes = ["it was accepted"]
    except ClientError as error:
        answer = error.response["Error"]
        is_clear = answer["Code"] == "NotImplemented" and "leave the policy out" in answer["Message"]
        mistakes = [] if is_clear else [str(answer)]
    CHECKS.check("a policy is refused with what to do", mistakes)


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        server = Server(program, folder)
        try:
            expected = list(by_boto3(server))
            server.wait_for("the function runs for what boto3 wires", expected)
            check_refusals(server)
            expected += by_awscli(server)
            server.wait_for("the function runs for what awscli wires", expected)
            check_settings(server)
        finally:
            server.pipeline.process.kill()
            server.pipeline.stop()

        server = Server(program, folder)
        try:
            bucket = "amzn-s3-demo-awscli"
            server.s3.put_object(Bucket=bucket, Key="again", Body=b"body")
            expected.append(("ObjectCreated:Put", bucket, "again"))
            server.wait_for("after kill -9 the bucket is still wired", expected)
            rules = server.s3.get_bucket_cors(Bucket="amzn-s3-demo-boto3")["CORSRules"]
            expect("and has its CORS rules", 1, len(rules))
        finally:
            status = server.pipeline.stop()

    CHECKS.check("the program ends with status 0", [f"status {status}"] if status else [])
    print(f"{CHECKS.passed} passed, {CHECKS.failed} failed")
    return 1 if CHECKS.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
