"""Kills replays at random moments, and checks that nothing is lost.

Usage: replays.py LOCAL WORKER [ROUNDS [SEED]]

LOCAL is `s3-dispatch-local`, WORKER is `worker-under-load`. Messages wait in a dead-letter queue; a
replay of it is killed ROUNDS times and then runs to its end. The same is done with `--to`, and with
a file. In the end, everything was handled, nothing of the dead-letter queue is left but what cannot
succeed, and only what a killed process held was handled or sent twice.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from world import Checks, Pipeline, handlings

MESSAGES = 300


def notification(key):
    object = {"key": key, "size": 1}
    record = {
        "eventVersion": "2.5",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "load"}, "object": object},
    }
    return json.dumps({"Records": [record]})


def keys(choice, count):
    """Keys of handlers that take a little time each."""
    return [f"wait/{choice.choice([0, 5, 20, 100])}/{number}" for number in range(count)]


def fill(pipeline, queue, bodies):
    for first in range(0, len(bodies), 10):
        entries = [
            {
                "Id": str(index),
                "MessageBody": body,
                "MessageAttributes": {"Error": {"DataType": "String", "StringValue": "no table"}},
            }
            for index, body in enumerate(bodies[first : first + 10])
        ]
        pipeline.call("SendMessageBatch", QueueUrl=pipeline.url(queue), Entries=entries)


class Replay:
    """Runs `replay` with the same arguments again and again."""

    def __init__(self, program, pipeline, journal, *arguments):
        self.command = [program, "replay", *arguments]
        self.environment = pipeline.environment() | {"JOURNAL": str(journal)}

    def start(self):
        return subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill_after(self, seconds):
        process = self.start()
        time.sleep(seconds)
        process.kill()
        process.communicate()

    def to_the_end(self, patience=180):
        """Returns the status, the standard output and the last line of the standard error."""
        process = self.start()
        output, error = process.communicate(timeout=patience)
        return process.returncode, output, error.strip().splitlines()[-1]


def receive_all(pipeline, queue):
    """Returns the bodies and attributes in a queue, and deletes them."""
    found = []
    while True:
        answer = pipeline.call(
            "ReceiveMessage",
            QueueUrl=pipeline.url(queue),
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return found
        for message in messages:
            found.append((message["Body"], message.get("MessageAttributes", {})))
            handle = message["ReceiptHandle"]
            url = pipeline.url(queue)
            pipeline.call("DeleteMessage", QueueUrl=url, ReceiptHandle=handle)


def lost_of(journal, wanted):
    found = handlings(journal)
    return [key for key in wanted if not any(entry.end for entry in found[key])]


def dead_letters(checks, program, pipeline, journal, choice, rounds):
    good = keys(choice, MESSAGES)
    bad = ["this is not JSON", notification("no-route")]
    bodies = [notification(key) for key in good] + bad
    choice.shuffle(bodies)
    fill(pipeline, "failed", bodies)

    replay = Replay(program, pipeline, journal, "--dead-letters", pipeline.url("failed"))
    for _ in range(rounds):
        replay.kill_after(choice.uniform(0.1, 2))
    status, _, summary = replay.to_the_end()
    print(f"  dead letters: {summary}")

    lost = lost_of(journal, good)
    checks.check("every dead letter was handled", not lost, lost[:5])
    checks.check("a run with something unreadable has status 1", status == 1, status)
    depth = pipeline.depth("failed")
    is_right = depth == (len(bad), 0)
    checks.check("only what cannot be read or has no route is left, and visible", is_right, depth)
    twice = sum(len(entries) > 1 for entries in handlings(journal).values())
    most = 30 * rounds
    checks.check(f"at most {most} were handled twice", twice <= most, twice)
    receive_all(pipeline, "failed")


def sending(checks, program, pipeline, journal, choice, rounds):
    bodies = [notification(key) for key in keys(choice, MESSAGES)] + ["this is not JSON"]
    fill(pipeline, "failed", bodies)
    # The bucket has announced itself with a test notification.
    receive_all(pipeline, "work")

    arguments = ["--dead-letters", pipeline.url("failed"), "--to", pipeline.url("work")]
    replay = Replay(program, pipeline, journal, *arguments)
    for _ in range(rounds):
        replay.kill_after(choice.uniform(0.05, 0.5))
    status, _, summary = replay.to_the_end()
    print(f"  sent: {summary}")

    checks.check("everything was sent", status == 0, (status, summary))
    checks.check("the dead-letter queue is empty", pipeline.is_empty("failed"))
    found = receive_all(pipeline, "work")
    checks.check("every message arrived as it was", {body for body, _ in found} == set(bodies))
    errors = {attributes.get("Error", {}).get("StringValue") for _, attributes in found}
    checks.check("with its attributes", errors == {"no table"}, errors)


def files(checks, program, pipeline, journal, choice, rounds):
    good = keys(choice, MESSAGES)
    path = Path(journal).with_suffix(".ndjson")
    lines = [notification(key) for key in good]
    lines.insert(17, '{"Records": [{"eventName"')
    path.write_text("\n".join(lines))

    replay = Replay(program, pipeline, journal, str(path))
    for _ in range(rounds):
        replay.kill_after(choice.uniform(0.1, 1))
    status, output, summary = replay.to_the_end()
    print(f"  file: {summary}")

    lost = lost_of(journal, good)
    checks.check("every line was handled", not lost, lost[:5])
    checks.check("a damaged line is one failure", status == 1 and "1 unreadable" in summary, summary)
    checks.check("what succeeded is not printed", output == "", output[:200])


def main():
    local, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 32)
    choice = random.Random(seed)
    checks = Checks()
    print(f"replays: {rounds} kills each, seed {seed}", flush=True)

    pipeline = Pipeline(local)
    try:
        for part in (dead_letters, sending, files):
            with tempfile.TemporaryDirectory() as folder:
                journal = Path(folder) / "journal"
                journal.touch()
                part(checks, program, pipeline, journal, choice, rounds)
    finally:
        pipeline.stop()
    sys.exit(checks.status())


if __name__ == "__main__":
    main()
