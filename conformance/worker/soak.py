"""Keeps one worker at full load, and checks that its memory does not grow.

Usage: soak.py LOCAL WORKER [SECONDS]

LOCAL is `s3-dispatch-local`, WORKER is `worker-under-load`. For 600 seconds by default, messages are
sent faster than the worker handles them, so that the queue is not empty. The handlers take 0 to
20 ms, 50 of them at once. The resident memory is sampled twice a second. The first quarter is for
warming up. The median of the last quarter may be 3 % and 1 MiB above that of the second quarter.
"""

import itertools
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from world import Checks, Pipeline, Worker, resident_kib, wait_until

# How many messages the queue has at least. SQS gives at most ten of them with each receive.
DEPTH = 1000


def body(key):
    """A notification of S3, with everything that a real one has."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-11-26T12:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AROAEXAMPLEEXAMPLE:session"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {
            "x-amz-request-id": "C3D13FE58DE4C810",
            "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "uploads",
            "bucket": {
                "name": "load",
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": "arn:aws:s3:::load",
            },
            "object": {
                "key": key,
                "size": 1024,
                "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                "sequencer": "0055AED6DCD90281E5",
            },
        },
    }
    return json.dumps({"Records": [record]}, separators=(",", ":"))


class Sender(threading.Thread):
    """Sends messages whenever the queue has fewer than `DEPTH`."""

    def __init__(self, pipeline):
        super().__init__(daemon=True)
        self.pipeline = pipeline
        # How often it has looked at the queue since that was full, and how often it was empty.
        self.looks = 0
        self.empty = 0
        self.error = None
        self.is_stopped = threading.Event()

    def run(self):
        try:
            self.send()
        except Exception as error:  # reported by `stop`
            self.error = error

    def send(self):
        choice = random.Random(1)
        numbers = itertools.count()
        while not self.is_stopped.is_set():
            waiting, _ = self.pipeline.depth("work")
            if self.looks > 0 or waiting >= DEPTH:
                self.looks += 1
                self.empty += waiting == 0
            if waiting >= DEPTH:
                self.is_stopped.wait(0.05)
                continue

            for _ in range(20):
                entries = []
                for index in range(10):
                    key = f"wait/{choice.choice([0, 1, 5, 20])}/{next(numbers)}"
                    entries.append({"Id": str(index), "MessageBody": body(key)})
                url = self.pipeline.url("work")
                self.pipeline.call("SendMessageBatch", QueueUrl=url, Entries=entries)

    def stop(self):
        self.is_stopped.set()
        self.join()
        if self.error:
            raise self.error


def soak(checks, local, program, seconds):
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        journal.touch()
        pipeline = Pipeline(local)
        sender = Sender(pipeline)
        sender.start()
        wait_until("there is enough to do", lambda: sender.looks > 0 or sender.error)
        worker = Worker(
            program, pipeline, journal, flags=["--visibility", "30", "--concurrency", "50"]
        )
        try:
            samples = []
            begin = time.monotonic()
            while (elapsed := time.monotonic() - begin) < seconds:
                samples.append(resident_kib(worker.id))
                if len(samples) % 60 == 0:
                    print(f"  {elapsed:4.0f} s: {samples[-1]} KiB", flush=True)
                time.sleep(0.5)

            sender.stop()
            ended = journal.read_text().count(" end ")
            judge(checks, samples, ended / seconds, sender, worker)
            status, drain = worker.terminate()
            checks.check("the worker drained with status 0", status == 0, status)
            print(f"  {pipeline.depth('failed')[0]} dead letters, drained in {drain:.1f} s")
            checks.check("no message is a dead letter", pipeline.is_empty("failed"))
        finally:
            worker.kill()
            pipeline.stop()


def judge(checks, samples, rate, sender, worker):
    size = len(samples) // 4
    quarters = [statistics.median(samples[n * size : (n + 1) * size]) for n in range(4)]
    shown = ", ".join(f"{quarter / 1024:.1f}" for quarter in quarters)
    print(
        f"  {rate:.0f} messages a second; MiB resident, medians of the quarters: {shown}; "
        f"at most {max(samples) / 1024:.1f}"
    )
    limit = quarters[1] * 1.03 + 1024
    details = f"{sender.empty} of {sender.looks} times"
    checks.check("the queue was almost never empty", sender.empty <= sender.looks / 100, details)
    checks.check("the memory is flat", quarters[3] <= limit, f"more than {limit / 1024:.1f} MiB")
    log = worker.log.read_text()
    checks.check("there is nothing to warn of", not log, log[:2000])


def main():
    local, program = sys.argv[1:3]
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 600
    checks = Checks()
    print(f"a worker at full load, for {seconds:.0f} s", flush=True)
    soak(checks, local, program, seconds)
    sys.exit(checks.status())


if __name__ == "__main__":
    main()
