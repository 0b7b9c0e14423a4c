"""Drives the pipeline of the examples by boto3 and awscli, and checks what became of each event.

Usage: client.py PROGRAM

PROGRAM is `s3-dispatch-local`. The console's lines must tell of exactly the steps that each event should take, in
order, and the functions must have logged each object once, under its decoded key. Prints a line per check; the exit
status is 1 when one has failed.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

import boto3
from botocore.config import Config

sys.path.append(str(Path(__file__).parents[1] / "ministack"))

from operations import operate
from pipeline import Checks, differences, hostile_keys, wait_until

BUCKET = "amzn-s3-demo-bucket"
UPLOADS = ("ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload")
HANDLERS = {name: ("put-processor", "object uploaded") for name in UPLOADS} | {
    "ObjectCreated:Copy": ("copy-processor", "object copied")
}

CHECKS = Checks()

# How the console writes an event's step, the object of an event, and a function's line; and what such a line says.
LINE = re.compile(r"\s*[\d.]+s\s+(?:#(\d+))?\s+(\w+)\s+(.*?)(?:  \+[\d.]+ m?s)?$")
OBJECT = re.compile(r'(\S+) "(.*)" in (\S+?)(?:, (\d+) bytes)?$')
LOG = re.compile(r"\s*[\d.]+s\s+\| ([\w-]+): (.*)$")
HANDLED = re.compile(r'(object \w+) event_name="(.*?)" bucket="(.*?)" key="(.*)" size=(\d+)$')


class Pipeline:
    """The program, and what it has printed."""

    def __init__(self, program, *arguments):
        # Without Cargo's variables it takes the functions that lie beside it.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("CARGO")
        }
        command = [program, "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        self.lines = []
        # Lines end at a line feed alone, whatever else Unicode has.
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        wait_until("S3 is served", lambda: self.address() or self.process.poll() is not None)
        if not self.address():
            sys.exit(f"{program} does not start, status {self.stop()}")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().removesuffix("\n"))

    def address(self):
        found = (re.search(r"S3 is at (\S+),", line) for line in self.lines)
        return next((match[1] for match in found if match), None)

    def steps(self):
        """What is told of each event: kind and text of each step."""
        steps = defaultdict(list)
        for line in self.lines.copy():
            if (match := LINE.match(line)) and match[1]:
                steps[int(match[1])].append((match[2], match[3]))
        return steps

    def settled(self):
        """How many events came to their end: deleted, or let through to nobody."""
        return sum(
            any(kind == "deleted" for kind, _ in steps)
            or [text.split()[0] for kind, text in steps if kind == "filter"] == ["not", "not"]
            or not steps[0][1].startswith("ObjectCreated:")
            for steps in self.steps().values()
        )

    def logs(self, function):
        return [
            match[2] for line in self.lines if (match := LOG.match(line)) and match[1] == function
        ]

    def stop(self):
        self.process.terminate()
        status = self.process.wait(20)
        self.reader.join()
        return status


def unquoted(text):
    """The text that Rust has written so."""
    signs = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

    def sign(match):
        return chr(int(match[2], 16)) if match[2] else signs.get(match[1], match[1])

    return re.sub(r"\\(u\{([0-9a-f]+)\}|.)", sign, text)


def by_awscli(endpoint):
    """What people do in a terminal, and the events of it."""
    aws = [sys.executable, "-m", "awscli", "--endpoint-url", endpoint]

    def run(*arguments):
        subprocess.run([*aws, *arguments], check=True, stdout=subprocess.DEVNULL)

    there = f"s3://{BUCKET}"
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small é + 1%.txt"), Path(folder, "large")
        small.write_bytes(b"small")
        # Above 8 MB the client uploads and copies in parts.
        large.write_bytes(b"x" * (9 << 20))
        run("s3", "cp", small, f"{there}/cli/")
        yield "ObjectCreated:Put", f"cli/{small.name}", 5
        run("s3", "cp", large, f"{there}/cli/large")
        yield "ObjectCreated:CompleteMultipartUpload", "cli/large", 9 << 20
        run("s3", "cp", f"{there}/cli/large", f"{there}/cli/large copy")
        yield "ObjectCreated:CompleteMultipartUpload", "cli/large copy", 9 << 20
        run("s3", "mv", f"{there}/cli/{small.name}", f"{there}/cli/moved")
        yield "ObjectCreated:Copy", "cli/moved", 5
        yield "ObjectRemoved:Delete", f"cli/{small.name}", None
        run("s3api", "put-object", "--bucket", BUCKET, "--key", "cli/日本語", "--body", small)
        yield "ObjectCreated:Put", "cli/日本語", 5
        run(
            "s3api",
            "copy-object",
            "--bucket",
            BUCKET,
            "--key",
            "cli/copy",
            "--copy-source",
            f"{BUCKET}/cli/moved",
        )
        yield "ObjectCreated:Copy", "cli/copy", 5
        tags = "TagSet=[{Key=colour,Value=red}]"
        run(
            "s3api",
            "put-object-tagging",
            "--bucket",
            BUCKET,
            "--key",
            "cli/copy",
            "--tagging",
            tags,
        )
        yield "ObjectTagging:Put", "cli/copy", None
        batch = "Objects=[{Key=cli/copy},{Key=cli/日本語}]"
        run("s3api", "delete-objects", "--bucket", BUCKET, "--delete", batch)
        yield "ObjectRemoved:Delete", "cli/copy", None
        yield "ObjectRemoved:Delete", "cli/日本語", None
        run("s3", "rm", f"{there}/cli/moved")
        yield "ObjectRemoved:Delete", "cli/moved", None
        run("s3", "sync", f"{there}/cli/", folder)
        mistakes = (
            []
            if Path(folder, "large copy").read_bytes() == large.read_bytes()
            else ["the large copy differs"]
        )
        CHECKS.check("awscli reads back what it wrote", mistakes)


def expected_steps(name, key, size):
    """The steps of an event, without ids of messages and invocations."""
    bytes_ = "" if size is None else f", {size} bytes"
    steps = [("object", f"{name} {key!a} in {BUCKET}{bytes_}")]
    if not name.startswith("ObjectCreated:"):
        return steps
    function = HANDLERS.get(name, (None,))[0]
    steps.append(("notification", "to object-events"))
    for queue in ("put-processor", "copy-processor"):
        steps.append(("filter", f"{'passes to' if queue == function else 'not for'} {queue}"))
    if function:
        steps.append(("queue", f"{function} has message ID"))
        steps += [("outcome", "ID succeeded"), ("deleted", f"ID from {function}")]
    return steps


def found_steps(steps):
    (kind, text), *others = steps
    if match := OBJECT.match(text):
        bytes_ = "" if match[4] is None else f", {match[4]} bytes"
        text = f"{match[1]} {unquoted(match[2])!a} in {match[3]}{bytes_}"
    return [(kind, text)] + [
        (kind, re.sub(r"\b[0-9a-f]{8}\b", "ID", text)) for kind, text in others
    ]


def stored(events):
    """What is in the bucket after these events."""
    objects = {}
    for name, key, size in events:
        if name.startswith("ObjectCreated:"):
            objects[key] = size
        elif name.startswith("ObjectRemoved:"):
            objects.pop(key, None)
    return objects


def main(program):
    pipeline = Pipeline(program)
    endpoint = pipeline.address()
    session = boto3.Session("test", "test", region_name="us-east-1")
    # A request that is tried again could be an event too many.
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    s3 = session.client("s3", endpoint_url=endpoint, config=config)
    try:
        events = list(operate(s3, BUCKET, hostile_keys()))
        events += by_awscli(endpoint)
        wait_until("every event is at its end", lambda: pipeline.settled() >= len(events))
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        listed = Counter((item["Key"], item["Size"]) for page in pages for item in page["Contents"])
    finally:
        status = pipeline.stop()

    CHECKS.check(
        "the bucket lists what is in it", differences(Counter(stored(events).items()), listed)
    )
    steps = pipeline.steps()
    numbers = range(1, len(events) + 1)
    mistakes = [f"event {number} was not expected" for number in steps.keys() - set(numbers)]
    for number, event in zip(numbers, events):
        expected, found = expected_steps(*event), found_steps(steps.get(number, [("nothing", "")]))
        if expected != found:
            mistakes += [f"event {number} should be {expected}", f"     but is {found}"]
    CHECKS.check(f"each of {len(events)} events takes its steps and no others", mistakes)
    for function, message in sorted(set(HANDLERS.values())):
        own = [event for event in events if HANDLERS.get(event[0]) == (function, message)]
        expected = Counter((message, name, BUCKET, key, size) for name, key, size in own)
        handled, others = Counter(), []
        for line in pipeline.logs(function):
            if match := HANDLED.search(line):
                text, name, bucket, key, size = match.groups()
                handled[text, name, bucket, unquoted(key), int(size)] += 1
            elif not line.lstrip().startswith("INFO "):
                others.append(line)
        what = f"{function} logged {expected.total()} objects once each, and no complaint"
        CHECKS.check(what, differences(expected, handled) + others)
    CHECKS.check("it ends well when it is asked to", [f"status {status}"] if status else [])
    print(f"{CHECKS.passed} passed, {CHECKS.failed} failed")
    return 1 if CHECKS.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
