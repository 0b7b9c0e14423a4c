"""The workers, and how each is started."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

WORKER_CORE = "1"


@dataclass
class Contender:
    name: str
    title: str
    command: list
    arguments: list
    is_native: bool = False

    def start(self, queue, endpoint, wait, log, tool):
        environment = os.environ | {
            "AWS_ENDPOINT_URL_SQS": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "WAIT_MS": str(wait),
        }
        worker = [*self.command, "--queue-url", queue.url, *self.arguments]
        command = ["taskset", "-c", WORKER_CORE, *tool, *worker]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        return Worker(self.name, process)


class Worker:
    """A process that works."""

    def __init__(self, name, process):
        self.name, self.process = name, process

    def has_ended(self):
        return self.process.poll() is not None

    def peak_memory(self):
        """Returns the most memory that it had, in KiB."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s*(\d+) kB", file.read())[1])

    def processor_time(self):
        """Returns the time that it has run on its core, in seconds."""
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """Sends SIGTERM, and returns what the worker prints."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate(timeout=120)
        return said

    def kill(self):
        if not self.has_ended():
            self.process.kill()
            self.process.wait()


def contenders(options):
    """Those whose programs the environment names."""
    limits = ["--in-flight", str(options.in_flight), "--receivers", str(options.receivers)]
    known = {
        "ours": ("s3-dispatch, `Worker`", True),
        "careful": ("by hand, `aws-sdk-sqs`", True),
        "sqs-consumer": ("`sqs-consumer`, Node.js", False),
        "boto3": ("a loop on boto3, Python", False),
    }
    names = options.only.split(",") if options.only else list(known)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"there is no {unknown[0]!r}; the names are {', '.join(known)}")

    found = []
    for name in names:
        command = os.environ.get(f"WORKER_{name.upper().replace('-', '_')}", "").split()
        if not command:
            print(f"{name} is not installed, so it is not measured", file=sys.stderr)
            continue
        title, is_native = known[name]
        found.append(Contender(name, title, command, limits, is_native))
    return found
