"""Starts a worker as a newcomer would who makes mistakes, and disturbs one that runs.

Usage: misuse.py LOCAL WORKER

LOCAL is `s3-dispatch-local`, WORKER is `worker-under-load`. A mistake ends the worker with one line
that says what is wrong. What goes wrong later does not end it.
"""

import http.client
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from world import Checks, Pipeline, Worker, handlings, wait_until

LOST = "a message is not ours anymore"
URL = "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"


class Mistakes:
    """Starts workers that cannot start, and checks what they say."""

    def __init__(self, checks, program, pipeline, journal):
        self.checks, self.program = checks, program
        self.environment = pipeline.environment() | {"JOURNAL": str(journal)}

    def check(self, what, flags, status, words, left_out=(), **environment):
        variables = self.environment | environment
        for name in left_out:
            variables.pop(name, None)
        ended = subprocess.run(
            [self.program, "work", *flags], env=variables, capture_output=True, timeout=60
        )
        said = ended.stderr.decode()
        # After a wrong option, a blank line and a hint follow.
        lines = [line for line in said.splitlines() if line.startswith("error: ")]
        is_right = ended.returncode == status and len(lines) == 1 and words in lines[0]
        self.checks.check(what, is_right, f"status {ended.returncode}: {said}")


def mistakes(checks, program, pipeline, journal):
    its = Mistakes(checks, program, pipeline, journal)
    queue, missing = pipeline.url("work"), pipeline.url("missing")
    credentials = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]

    wrong = "not the URL of a queue, such as"
    its.check("the name of a queue is no URL", ["--queue-url", "work"], 2, wrong)
    arn = "arn:aws:sqs:us-east-1:123456789012:work"
    its.check("an ARN is no URL", ["--queue-url", arn], 2, wrong)
    its.check("a host alone is no queue", ["--queue-url", URL.rsplit("/", 2)[0]], 2, wrong)
    its.check("without a queue, the option is named", [], 2, "required")
    its.check(
        "a queue that is missing is named",
        ["--queue-url", missing],
        1,
        f"there is no queue `{missing}` in the region `us-east-1`",
    )
    its.check(
        "the region of the settings is named",
        ["--queue-url", missing],
        1,
        "in the region `eu-west-1`",
        AWS_REGION="eu-west-1",
    )
    its.check(
        "missing credentials are named",
        ["--queue-url", queue],
        1,
        "there are no credentials",
        credentials,
    )
    its.check("a missing region is named", ["--queue-url", queue], 1, "region", ["AWS_REGION"])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        its.check(
            "an address in use is named",
            ["--queue-url", queue, "--health", address],
            1,
            f"the address `{address}` for health checks is in use",
        )


def put(pipeline, *keys):
    for key in keys:
        pipeline.put(key)


def begun(journal, key):
    return lambda: len(handlings(journal).get(key, [])) > 0


def signals(checks, program, pipeline, journal):
    """Signals to a worker that has nothing to do, and to one whose handler blocks."""
    worker = Worker(program, pipeline, journal, flags=["--drain", "3600"])
    put(pipeline, "wait/0/first", "block/60000/blocks")
    wait_until("a handler blocks", begun(journal, "block/60000/blocks"))
    worker.process.terminate()
    wait_until("it drains", lambda: "worker drains" in worker.log.read_text())
    status, took = worker.terminate()
    checks.check("a second SIGTERM ends a worker that blocks", status == 143, status)
    checks.check("it does so at once", took < 2, f"{took:.1f} s")

    # What the first one held comes again, and would block this one too.
    pipeline.call("PurgeQueue", QueueUrl=pipeline.url("work"))
    worker = Worker(program, pipeline, journal, "idle")
    put(pipeline, "wait/0/second")
    wait_until("it works", begun(journal, "wait/0/second"))
    time.sleep(0.5)
    status, took = worker.terminate()
    checks.check("SIGTERM ends an idle worker with status 0", status == 0, status)
    checks.check("it takes no longer than a receive waits", took < 6, f"{took:.1f} s")


def stopped_process(checks, program, pipeline, journal):
    """A process that sleeps for longer than its lease loses it."""
    for key, until, what in [
        ("wait/5000/running", 3.5, "a worker that slept cancels what it has lost"),
        ("wait/5000/overdue", 5.3, "a worker that slept deletes nothing of what it has lost"),
    ]:
        name = key.rsplit("/", 1)[1]
        wait_until("the queue is empty", lambda: pipeline.is_empty("work"))
        sleeper = Worker(program, pipeline, journal, name, ["--visibility", "2"])
        pipeline.put(key)
        wait_until("it is handled", lambda: key in handlings(journal))
        sleeper.process.send_signal(signal.SIGSTOP)
        other = Worker(program, pipeline, journal, f"after-{name}")
        wait_until("another worker has it", lambda: len(handlings(journal)[key]) == 2)

        first, second = handlings(journal)[key]
        time.sleep(max(0, first.begin + until - time.time()))
        sleeper.process.send_signal(signal.SIGCONT)
        wait_until("it has lost the message", lambda: LOST in sleeper.log.read_text())
        time.sleep(0.5)
        depth = pipeline.depth("work")
        is_held = depth == (0, 1) and time.time() < second.begin + 5

        wait_until("the queue is empty", lambda: pipeline.is_empty("work"))
        first, second = handlings(journal)[key]
        is_cancelled = first.end is None or name == "overdue"
        checks.check(what, is_held and is_cancelled and second.end, (depth, first, second))
        log = sleeper.log.read_text()
        checks.check("it says so once, and no more", log.count("\n") == 1, log)

        pipeline.put(f"wait/0/after-{name}")
        wait_until("both go on", lambda: pipeline.is_empty("work"))
        statuses = [worker.terminate()[0] for worker in (sleeper, other)]
        checks.check("both drain with status 0", statuses == [0, 0], statuses)


def answer(address, path):
    connection = http.client.HTTPConnection(address, timeout=10)
    connection.request("GET", path)
    got = connection.getresponse()
    return got.status, got.read().decode()


def vanished_queue(checks, program, pipeline, journal):
    """A queue that is deleted while a worker serves it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    worker = Worker(program, pipeline, journal, "vanished", ["--health", address])
    put(pipeline, "wait/0/last")
    wait_until("it works", begun(journal, "wait/0/last"))
    checks.check("a worker that receives is ready", answer(address, "/readyz")[0] == 200)

    pipeline.call("DeleteQueue", QueueUrl=pipeline.url("work"))
    wait_until("it is not ready", lambda: answer(address, "/readyz")[0] == 503)
    # Time for more than one receive that fails.
    time.sleep(3)
    alive = worker.process.poll() is None and answer(address, "/livez")[0] == 200
    checks.check("a worker outlives its queue", alive, worker.log.read_text())
    errors = worker.log.read_text().count("cannot be received from")
    checks.check("it says once that the queue is gone", errors == 1, worker.log.read_text())
    status, took = worker.terminate()
    checks.check("SIGTERM still ends it with status 0", status == 0, status)
    checks.check("it ends at once", took < 2, f"{took:.1f} s")


def main():
    local, program = sys.argv[1:]
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        journal.touch()
        pipeline = Pipeline(local)
        try:
            mistakes(checks, program, pipeline, journal)
            signals(checks, program, pipeline, journal)
            stopped_process(checks, program, pipeline, journal)
            vanished_queue(checks, program, pipeline, journal)
        finally:
            pipeline.stop()
    sys.exit(checks.status())


if __name__ == "__main__":
    main()
