"""What the scripts of this folder share: a pipeline, workers, load, and what the workers did.

Only Python's standard library is needed.
"""

import http.client
import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

FOLDER = Path(__file__).parent
# How long a message stays hidden if its worker dies. Short, so that it comes again soon.
VISIBILITY = 4
PATIENCE = 120


def wait_until(what, condition, patience=PATIENCE):
    """Waits until a condition holds, or raises an error that says what was waited for."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {patience} s")
        time.sleep(0.05)


class Checks:
    """Prints a line for each check, and counts."""

    def __init__(self):
        self.total = 0
        self.failed = 0

    def check(self, what, is_right, details=""):
        self.total += 1
        self.failed += not is_right
        suffix = f": {details}" if details and not is_right else ""
        print(f"{'ok  ' if is_right else 'FAIL'} {what}{suffix}", flush=True)

    def status(self):
        print(f"{self.total - self.failed} of {self.total} checks passed")
        return 1 if self.failed else 0


class Pipeline:
    """`s3-dispatch-local` with one bucket and one queue, on free ports."""

    def __init__(self, program):
        self.log = tempfile.TemporaryFile()
        command = [program, "--config", FOLDER / "pipeline.toml", "--port", "0"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)
        self.s3 = self.address("S3")
        self.sqs = self.address("SQS")

    def address(self, service):
        found = []

        def search():
            self.log.seek(0)
            found.extend(re.findall(rf"^{service} is at http://([\w.:]+)", self.text(), re.M))
            return found or self.process.poll() is not None

        wait_until(f"{service} is served", search)
        if not found:
            raise RuntimeError(f"the pipeline did not start: {self.text()}")
        return found[0]

    def text(self):
        return os.pread(self.log.fileno(), 1 << 20, 0).decode()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def url(self, queue):
        return f"http://{self.sqs}/123456789012/{queue}"

    def call(self, operation, **parameters):
        """Calls SQS, and returns its answer."""
        connection = http.client.HTTPConnection(self.sqs, timeout=30)
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
        }
        connection.request("POST", "/", json.dumps(parameters), headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {body.decode()}")
        return json.loads(body or b"{}")

    def put(self, key):
        """Puts an object of one byte."""
        connection = http.client.HTTPConnection(self.s3, timeout=30)
        connection.request("PUT", f"/load/{key}", b"x")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        if answer.status != 200:
            raise RuntimeError(f"PUT {key}: {answer.status}")

    def depth(self, queue):
        """Returns how many messages are visible, and how many are held by a worker."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.call(
            "GetQueueAttributes", QueueUrl=self.url(queue), AttributeNames=names
        )
        return tuple(int(answer["Attributes"][name]) for name in names)

    def is_empty(self, queue):
        return self.depth(queue) == (0, 0)

    def environment(self):
        """What a worker needs to reach the pipeline, and nothing of the user's own."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return kept | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": f"http://{self.sqs}",
            "RUST_LOG": "warn,s3_dispatch::cli=info",
        }


class Worker:
    """A worker process. Its logs go to a file that later ones of its name append to."""

    def __init__(self, program, pipeline, journal, name="worker", flags=(), **environment):
        self.log = Path(f"{journal}.{name}.log")
        command = [program, "work", "--queue-url", pipeline.url("work")]
        if "--visibility" not in flags:
            command += ["--visibility", str(VISIBILITY)]
        variables = pipeline.environment() | {"JOURNAL": str(journal)} | environment
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *flags], env=variables, stdout=log, stderr=subprocess.STDOUT
            )
        self.id = self.process.pid

    def kill(self):
        self.process.kill()
        self.process.wait()

    def terminate(self, patience=60):
        """Sends SIGTERM, and returns the status and how long the worker still ran."""
        begin = time.monotonic()
        self.process.terminate()
        status = self.process.wait(patience)
        return status, time.monotonic() - begin


class Load(threading.Thread):
    """Puts objects at a steady rate, until it is stopped. `keys` makes the next key."""

    def __init__(self, pipeline, rate, keys):
        super().__init__(daemon=True)
        self.pipeline, self.rate, self.keys = pipeline, rate, keys
        self.put = []
        self.error = None
        self.is_stopped = threading.Event()

    def run(self):
        try:
            begin = time.monotonic()
            while not self.is_stopped.is_set():
                key = self.keys()
                self.pipeline.put(key)
                self.put.append(key)

                due = begin + len(self.put) / self.rate
                self.is_stopped.wait(max(0, due - time.monotonic()))
        except Exception as error:  # reported by `stop`
            self.error = error

    def stop(self):
        """Stops, and returns the keys of what was put."""
        self.is_stopped.set()
        self.join()
        if self.error:
            raise self.error
        return self.put


def mixed_keys(seed):
    """Keys of handlers that take 0 to 2,000 ms, most of them little. Some block their thread."""
    choice = random.Random(seed)
    number = iter(range(1 << 62))

    def key():
        how = "block" if choice.random() < 0.02 else "wait"
        times = [0, 5, 20, 100, 500] if how == "block" else [0, 5, 20, 100, 500, 2000]
        time = choice.choices(times, [30, 25, 25, 15, 4, 1][: len(times)])[0]
        return f"{how}/{time}/{next(number)}"

    return key


class Handling:
    """One call of a handler: its process, and when it began and ended, in seconds since 1970."""

    def __init__(self, process, begin):
        self.process, self.begin = process, begin
        self.end = None

    def __repr__(self):
        return f"{self.process} from {self.begin} to {self.end}"


def handlings(journal):
    """Returns the handlings of each key, in the order in which they began."""
    found = defaultdict(list)
    for line in Path(journal).read_text().splitlines():
        process, what, time_ms, key = line.split(" ", 3)
        process, seconds = int(process), int(time_ms) / 1000
        if what == "begin":
            found[key].append(Handling(process, seconds))
        else:
            own = (entry for entry in found[key] if entry.process == process and not entry.end)
            next(own).end = seconds
    return found


def resident_kib(process):
    """Returns the memory of a process in KiB: what is resident now."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1])
