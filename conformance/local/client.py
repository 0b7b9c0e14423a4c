"""Drives the pipeline of the examples with boto3 and awscli, and checks what happens to each event.

Usage: client.py PROGRAM

PROGRAM is `s3-dispatch-local`. The console must print exactly the expected steps of each event, in
order. The functions must log each object exactly once, under its decoded key. The script prints one
line per check. The exit status is 1 if a check failed.
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

# The console's lines: a step of an event, the object in that step, a line that a function logged,
# and the handler's message in that line.
LINE = re.compile(r"\s*[\d.]+s\s+(?:#(\d+))?\s+(\w+)\s+(.*?)(?:  \+[\d.]+ m?s)?$")
OBJECT = re.compile(r'(\S+) "(.*)" in (\S+?)(?:, (\d+) byte(s?))?$')
LOG = re.compile(r"\s*[\d.]+s\s+\| ([\w-]+): (.*)$")
HANDLED = re.compile(r'(object \w+) event_name="(.*?)" bucket="(.*?)" key="(.*)" size=(\d+)$')


class Pipeline:
    """The running program and the lines that it has printed."""

    def __init__(self, program, *arguments):
        # Without Cargo's variables the program runs the functions from its own folder.
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("CARGO")
        }
        command = [program, "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        self.lines = []
        # Only a line feed ends a line; `str.splitlines` would also split at other characters.
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        wait_until("S3 is served", lambda: self.address() or self.process.poll() is not None)
        if not self.address():
            sys.exit(f"{program} did not start, status {self.stop()}")

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.decode().removesuffix("\n"))

    def address(self):
        found = (re.search(r"S3 is at (\S+),", line) for line in self.lines)
        return next((match[1] for match in found if match), None)

    def steps(self):
        """Returns the steps of each event as pairs of kind and text."""
        steps = defaultdict(list)
        for line in self.lines.copy():
            if (match := LINE.match(line)) and match[1]:
                steps[int(match[1])].append((match[2], match[3]))
        return steps

    def settled(self):
        """Counts the finished events: deleted from a queue, or passed on to no queue."""
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
    """Reverses Rust's `escape_debug`."""
    signs = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}

    def sign(match):
        return chr(int(match[2], 16)) if match[2] else signs.get(match[1], match[1])

    return re.sub(r"\\(u\{([0-9a-f]+)\}|.)", sign, text)


def by_awscli(endpoint):
    """Does what people do in a terminal, and yields the event of each command."""
    aws = [sys.executable, "-m", "awscli", "--endpoint-url", endpoint]

    def run(*arguments):
        subprocess.run([*aws, *arguments], check=True, stdout=subprocess.DEVNULL)

    there = f"s3://{BUCKET}"
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small é + 1%.txt"), Path(folder, "large")
        small.write_bytes(b"small")
        # awscli uploads and copies files above 8 MB in parts.
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
    """Returns the steps that an event should take, with `ID` for the ids of messages."""
    bytes_ = "" if size is None else f", {size} byte{'' if size == 1 else 's'}"
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
        bytes_ = "" if match[4] is None else f", {match[4]} byte{match[5]}"
        text = f"{match[1]} {unquoted(match[2])!a} in {match[3]}{bytes_}"
    return [(kind, text)] + [
        (kind, re.sub(r"\b[0-9a-f]{8}\b", "ID", text)) for kind, text in others
    ]


def stored(events):
    """Returns the size of each object that is in the bucket after these events."""
    objects = {}
    for name, key, size in events:
        if name.startswith("ObjectCreated:"):
            objects[key] = size
        elif name.startswith("ObjectRemoved:"):
            objects.pop(key, None)
    return objects


def main(program):
    pipeline = Pipeline(program, "--examples")
    endpoint = pipeline.address()
    session = boto3.Session("test", "test", region_name="us-east-1")
    # A retried request could cause a second event.
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
    s3 = session.client("s3", endpoint_url=endpoint, config=config)
    try:
        events = list(operate(s3, BUCKET, hostile_keys()))
        events += by_awscli(endpoint)
        wait_until("every event is finished", lambda: pipeline.settled() >= len(events))
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        listed = Counter((item["Key"], item["Size"]) for page in pages for item in page["Contents"])
    finally:
        status = pipeline.stop()

    CHECKS.check(
        "the bucket lists its objects", differences(Counter(stored(events).items()), listed)
    )
    steps = pipeline.steps()
    numbers = range(1, len(events) + 1)
    mistakes = [f"event {number} was not expected" for number in steps.keys() - set(numbers)]
    for number, event in zip(numbers, events):
        expected, found = expected_steps(*event), found_steps(steps.get(number, [("nothing", "")]))
        if expected != found:
            mistakes += [f"event {number} should be {expected}", f"     but is {found}"]
    CHECKS.check(f"each of {len(events)} events takes exactly its steps", mistakes)
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
        what = f"{function} logged {expected.total()} objects once each and no warning or error"
        CHECKS.check(what, differences(expected, handled) + others)
    CHECKS.check("the program ends with status 0", [f"status {status}"] if status else [])
    print(f"{CHECKS.passed} passed, {CHECKS.failed} failed")
    return 1 if CHECKS.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
