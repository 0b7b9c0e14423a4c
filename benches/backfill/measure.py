"""Measures `backfill --to`: a generated listing into a queue, both on loopback.

Usage: measure.py --program PROGRAM --server SERVER [--objects N,...] [--aws AWS] [--aws-objects N]

Prints a row for each number of objects: wall time, the time of a core, objects per second and per
second of a core, and the peak of the memory. `--aws` measures the pipe of two commands of the AWS
CLI beside it. Every run is checked: the queue was sent each object exactly once.
"""

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
import urllib.request


class Server:
    def __init__(self, program, objects):
        self.process = subprocess.Popen([program, str(objects)], stdout=subprocess.PIPE, text=True)
        self.endpoint = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"
        self.queue = f"{self.endpoint}/123456789012/uploads"

    def check(self, objects):
        with urllib.request.urlopen(f"{self.endpoint}/counts") as answer:
            counts = answer.read().decode()
        expected = f"{objects} {objects * (objects - 1) // 2}"
        if counts != expected:
            sys.exit(f"sent {counts}, not {expected}")

    def end(self):
        self.process.kill()
        self.process.wait()


def environment(server):
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PROGRAM": "measured",
    }


class Run:
    """A process, the time of a core that it and its children took, and its peak memory in MiB."""

    def __init__(self, start):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begun = time.monotonic()
        self.memory = 0.0
        self.text = start(self)
        self.wall = time.monotonic() - begun
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.core = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def watch(self, process):
        """Notes the peak memory until the process ends."""
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status") as status:
                    for line in status:
                        if line.startswith("VmHWM:"):
                            self.memory = max(self.memory, int(line.split()[1]) / 1024)
            except OSError:
                return
            time.sleep(0.02)


def backfill(program, server):
    def start(run):
        command = [program, "backfill", "--bucket", "holiday", "--to", server.queue]
        process = subprocess.Popen(
            command, env=environment(server), stderr=subprocess.PIPE, text=True
        )
        run.watch(process)
        text = process.stderr.read()
        if process.wait() != 0:
            sys.exit(text)
        return text

    return Run(start)


# Batches of ten messages, each as S3 would write it, from the lines of the listing.
GLUE = r"""
import json, subprocess, sys
queue, aws = sys.argv[1], sys.argv[2]
def send(batch):
    entries = [{"Id": str(i), "MessageBody": body} for i, body in enumerate(batch)]
    subprocess.run([aws, "sqs", "send-message-batch", "--endpoint-url", queue.rsplit("/", 2)[0],
                    "--queue-url", queue, "--entries", json.dumps(entries)],
                   check=True, stdout=subprocess.DEVNULL)
batch = []
for line in sys.stdin:
    key, size, e_tag, modified = line.rstrip("\n").split("\t")
    batch.append(json.dumps({"Records": [{"eventVersion": "2.6", "eventSource": "aws:s3",
        "eventTime": modified, "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "holiday"},
        "object": {"key": key, "size": int(size), "eTag": e_tag.strip('"')}}}]}))
    if len(batch) == 10:
        send(batch)
        batch = []
if batch:
    send(batch)
"""


def pipe(aws, server):
    """`aws s3api list-objects-v2` piped into `aws sqs send-message-batch`."""

    def start(run):
        lister = subprocess.Popen(
            [aws, "s3api", "list-objects-v2", "--endpoint-url", server.endpoint, "--bucket",
             "holiday", "--output", "text", "--query", "Contents[].[Key, Size, ETag, LastModified]"],
            env=environment(server), stdout=subprocess.PIPE,
        )
        sender = subprocess.Popen(
            [sys.executable, "-c", GLUE, server.queue, aws],
            env=environment(server), stdin=lister.stdout,
        )
        lister.stdout.close()
        watcher = threading.Thread(target=run.watch, args=(lister,))
        watcher.start()
        if sender.wait() != 0 or lister.wait() != 0:
            sys.exit("the pipe failed")
        watcher.join()
        return ""

    return Run(start)


def row(name, objects, run):
    print(
        f"| {name} | {objects:,} | {run.wall:.1f} | {run.core:.1f} | {objects / run.wall:,.0f} "
        f"| {objects / run.core:,.0f} | {run.memory:.0f} MiB |",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--objects", default="100000,1000000")
    parser.add_argument("--aws")
    parser.add_argument("--aws-objects", type=int, default=1000)
    arguments = parser.parse_args()

    print("| | objects | seconds | seconds of a core | objects/s | objects/s and core | peak memory |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for objects in map(int, arguments.objects.split(",")):
        server = Server(arguments.server, objects)
        try:
            run = backfill(arguments.program, server)
            server.check(objects)
        finally:
            server.end()
        row("`backfill --to`", objects, run)

    if arguments.aws:
        server = Server(arguments.server, arguments.aws_objects)
        try:
            run = pipe(arguments.aws, server)
            server.check(arguments.aws_objects)
        finally:
            server.end()
        row("`aws s3api` piped into `aws sqs`", arguments.aws_objects, run)
    print(f"\nLoad {os.getloadavg()[0]:.1f}, {time.strftime('%Y-%m-%d')}.")


main()
