"""Creates stacks in MiniStack from templates, and follows objects through them.

Usage: stacks.py ENDPOINT TEMPLATES BIN_DIR

- Both example programs with a bucket of the stack: each object is logged once by its function.
- A worker with a bucket that exists already: the command in the stack's outputs makes the bucket
  publish, and the queue holds S3's notification as it was sent.
- A worker that EventBridge feeds: the queue holds the event.

The script prints one line per check and a line of totals. The exit status is 1 if a check failed.
"""

import io
import json
import re
import shlex
import sys
import time
import urllib.parse
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config

# Seconds before a check gives up.
PATIENCE = 60
KEY = "holiday/my photo.jpg"
# What the handlers of the examples write, and the key.
LOGGED = re.compile(r'(object (?:uploaded|copied)) .*\bkey="([^"]*)"')


class Stacks:
    def __init__(self, endpoint, templates):
        def client(service):
            return boto3.client(
                service,
                endpoint_url=endpoint,
                region_name="eu-central-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
            )

        self.templates = Path(templates)
        self.cloudformation, self.s3, self.sqs = map(client, ("cloudformation", "s3", "sqs"))
        self.logs, self.lambda_, self.alarms = map(client, ("logs", "lambda", "cloudwatch"))
        self.sns, self.passed, self.failed = client("sns"), 0, 0

    def check(self, name, found, expected):
        if found == expected:
            self.passed += 1
            print(f"ok   {name}")
        else:
            self.failed += 1
            print(f"FAIL {name}\n     expected {expected!a}\n     found    {found!a}")

    def create(self, stack, template, **parameters):
        """Creates a stack and returns its outputs."""
        self.cloudformation.create_stack(
            StackName=stack,
            TemplateBody=(self.templates / template).read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        found = self.wait(
            lambda: self.cloudformation.describe_stacks(StackName=stack)["Stacks"][0],
            lambda found: not found["StackStatus"].endswith("_IN_PROGRESS"),
        )
        self.check(f"{stack} is created", found["StackStatus"], "CREATE_COMPLETE")
        if found["StackStatus"] != "CREATE_COMPLETE":
            for event in self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
                if "FAILED" in event["ResourceStatus"]:
                    print("    ", event["LogicalResourceId"], event.get("ResourceStatusReason"))
            sys.exit(1)
        return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}

    @staticmethod
    def wait(ask, is_enough):
        """Asks until the answer is enough, or patience ends, and returns the last answer."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = ask()
            if is_enough(answer) or time.monotonic() > deadline:
                return answer
            time.sleep(0.2)

    def bodies(self, queue):
        """Receives until the queue has had a message."""
        def receive():
            answer = self.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1)
            return [message["Body"] for message in answer.get("Messages", [])]

        return self.wait(receive, bool)

    def logged(self, group, function):
        """Returns what the handlers of a function logged about objects."""
        try:
            self.lambda_.invoke(FunctionName=function, Payload=b'{"Records":[]}')
            events = self.logs.filter_log_events(logGroupName=group)["events"]
        except (
            self.logs.exceptions.ResourceNotFoundException,
            self.lambda_.exceptions.TooManyRequestsException,
        ):
            return []
        # MiniStack does not ask functions for logs in JSON.
        return [found for event in events for found in LOGGED.findall(event["message"])]


def zipped(program):
    """Packs a program as a function's package: a zip with the executable `bootstrap`."""
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(entry, Path(program).read_bytes(), compresslevel=1)
    return package.getvalue()


def functions(stacks, programs):
    stacks.s3.create_bucket(
        Bucket="packages",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    for name in ("put-processor", "copy-processor"):
        package = zipped(f"{programs}/{name}")
        stacks.s3.put_object(Bucket="packages", Key=f"{name}.zip", Body=package)
    outputs = stacks.create(
        "pipeline",
        "both.yaml",
        BucketName="uploads",
        PackageBucket="packages",
        PutProcessorPackageKey="put-processor.zip",
        CopyProcessorPackageKey="copy-processor.zip",
        AlarmActionArn="arn:aws:sns:eu-central-1:000000000000:on-call",
    )

    source = {"Bucket": "uploads", "Key": KEY}
    stacks.s3.put_object(Bucket="uploads", Key=KEY, Body=b"x")
    stacks.s3.copy_object(Bucket="uploads", Key=f"copies/{KEY}", CopySource=source)
    for id, name, expected in (
        ("PutProcessor", "put-processor", [("object uploaded", KEY)]),
        ("CopyProcessor", "copy-processor", [("object copied", f"copies/{KEY}")]),
    ):
        group = outputs[f"{id}LogGroupName"]
        found = stacks.wait(lambda: stacks.logged(group, f"pipeline-{name}"), bool)
        stacks.check(f"{name} logs its object once", found, expected)
        mappings = stacks.lambda_.list_event_source_mappings(FunctionName=f"pipeline-{name}")
        (mapping,) = mappings["EventSourceMappings"]
        types = mapping["FunctionResponseTypes"]
        stacks.check(f"{name} reports single failures", types, ["ReportBatchItemFailures"])

    subscriptions = stacks.sns.list_subscriptions_by_topic(TopicArn=outputs["TopicArn"])
    raw = [
        stacks.sns.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])[
            "Attributes"
        ]["RawMessageDelivery"]
        for one in subscriptions["Subscriptions"]
    ]
    stacks.check("both subscriptions deliver raw messages", raw, ["true", "true"])
    alarms = stacks.alarms.describe_alarms(AlarmNamePrefix="pipeline-")["MetricAlarms"]
    stacks.check("there are 15 alarms", len(alarms), 15)


def existing_bucket(stacks):
    stacks.s3.create_bucket(
        Bucket="theirs",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    outputs = stacks.create("worker", "worker.yaml", BucketName="theirs")
    stacks.check(
        "the stack leaves the notifications of the bucket alone",
        stacks.s3.get_bucket_notification_configuration(Bucket="theirs").get(
            "TopicConfigurations", []
        ),
        [],
    )

    command = shlex.split(outputs["NotificationCommand"])
    start = ["aws", "s3api", "put-bucket-notification-configuration", "--bucket", "theirs"]
    stacks.check("the outputs have a command for it", command[:-2], start)
    stacks.s3.put_bucket_notification_configuration(
        Bucket="theirs", NotificationConfiguration=json.loads(command[-1])
    )
    # Not one of the program's events: the filter of the subscription drops it.
    stacks.s3.copy_object(
        Bucket="theirs",
        Key="copy",
        CopySource={"Bucket": "uploads", "Key": KEY},
    )
    stacks.s3.put_object(Bucket="theirs", Key=KEY, Body=b"x")
    bodies = stacks.bodies(outputs["PutProcessorQueueUrl"])
    keys = [
        urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        for body in bodies
        for record in json.loads(body)["Records"]
    ]
    stacks.check("the queue has the notification as S3 sent it", keys, [KEY])


def event_bus(stacks):
    outputs = stacks.create("bus", "bus.yaml", BucketName="bus-uploads")
    stacks.s3.put_object(Bucket="uploads", Key="elsewhere", Body=b"x")
    stacks.s3.put_object(Bucket="bus-uploads", Key=KEY, Body=b"x")
    events = map(json.loads, stacks.bodies(outputs["PutProcessorQueueUrl"]))
    found = [(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"]) for event in events]
    stacks.check("the queue has the event of its bucket", found, [("bus-uploads", KEY)])


def main(endpoint, templates, programs):
    stacks = Stacks(endpoint, templates)
    functions(stacks, programs)
    existing_bucket(stacks)
    event_bus(stacks)
    for stack in ("bus", "worker", "pipeline"):
        stacks.cloudformation.delete_stack(StackName=stack)
        found = stacks.wait(
            lambda: [
                one["StackStatus"]
                for one in stacks.cloudformation.list_stacks()["StackSummaries"]
                if one["StackName"] == stack
            ],
            lambda found: found == ["DELETE_COMPLETE"],
        )
        stacks.check(f"{stack} is deleted", found, ["DELETE_COMPLETE"])
    for bucket in ("uploads", "bus-uploads"):
        kept = stacks.s3.list_objects_v2(Bucket=bucket).get("KeyCount", 0)
        stacks.check(f"{bucket} keeps its objects", kept > 0, True)
    print(f"{stacks.passed} passed, {stacks.failed} failed")
    return 1 if stacks.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
