"""Measures objects per second from PUT to handled, through s3-dispatch-local and MiniStack, and the
CPU time and the memory of both.

Usage: end_to_end.py MINISTACK_ENDPOINT [OBJECTS [NAME ...]], started by `benches/end-to-end`.

All ways have the same pipeline (bucket, topic, filter policy, queue, function), the same program as
the function, and the same clients: 16 processes, each of which puts one object of 1 KiB after the
other over one connection. The function's log also goes to a file, which tells what is handled; the
time ends with the last object. The rounds take all ways in turn, and the medians count.

CPU time and memory are those of the server, without its functions and the clients. The memory is
the resident memory at the end, so it has the objects.
"""

import contextlib
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "conformance" / "ministack"))

from pipeline import BUCKET, UPLOAD_EVENTS, Pipeline, zipped

CLIENTS, OBJECTS, ROUNDS, PATIENCE = 16, 4000, 3, 300
FUNCTION = "put-processor"
BODY = bytes(1024)
README = ROOT / "local" / "README.md"
TABLE = re.compile(r"(<!-- end-to-end -->\n).*(<!-- /end-to-end -->)", re.DOTALL)

OPTIONS = ([], ["--data"], ["--data", "--no-sync"])
NAMES = {
    " ".join([profile, *options]): (profile, options)
    for profile in ("debug", "release")
    for options in OPTIONS
} | {"MiniStack": None}

CONFIGURATION = f"""
[[bucket]]
name = "{BUCKET}"
[[bucket.notification]]
events = ["s3:ObjectCreated:*"]
topic = "object-events"
[[topic]]
name = "object-events"
[[subscription]]
topic = "object-events"
queue = "{FUNCTION}"
filter_policy.Records.eventName = {UPLOAD_EVENTS}
[[queue]]
name = "{FUNCTION}"
visibility_timeout = 60
[[function]]
name = "{FUNCTION}"
command = ["%s"]
timeout = 10
[[mapping]]
queue = "{FUNCTION}"
function = "{FUNCTION}"
"""


class Function:
    """The program of the function, whose log also goes to a file."""

    def __init__(self, folder):
        self.log = folder / "function.log"
        self.log.touch()
        self.program = folder / "function"
        command = f'"{os.environ["FUNCTION"]}" 2>&1 | tee -a "{self.log}"'
        self.program.write_text(f"#!/bin/sh\n{command}\n")
        self.program.chmod(0o755)

    def wait(self, prefix, count):
        """Waits until so many objects whose keys begin like this are handled."""
        handled, rest, end = set(), b"", time.monotonic() + PATIENCE
        with self.log.open("rb") as log:
            while len(handled) < count:
                if time.monotonic() > end:
                    sys.exit(f"only {len(handled)} of {count} objects are handled")
                text = rest + log.read()
                handled.update(re.findall(rb"%s-\d+-\d+\.bin" % prefix.encode(), text))
                rest = text[text.rfind(b"\n") + 1 :]
                time.sleep(0.01)
        return time.monotonic()


def put(address, prefix, client, count):
    """Puts objects over one connection, which is opened again if the server closes it."""
    stream = None
    for number in range(count):
        path = f"/{BUCKET}/{prefix}-{client}-{number}.bin"
        head = f"PUT {path} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n"
        head += f"Content-Length: {len(BODY)}\r\n\r\n"
        if stream is None:
            stream = socket.create_connection(address)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream.sendall(head.encode() + BODY)
        answer = read_answer(stream)
        if not answer.startswith(b"HTTP/1.1 200"):
            sys.exit(f"PUT {path}: {answer}")
        if b"\r\nconnection: close\r\n" in answer.lower():
            stream.close()
            stream = None


def read_answer(stream):
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = stream.recv(65536)
        if not part:
            return answer
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += stream.recv(65536)
    return head + b"\r\n\r\n" + body


class Server:
    """A process, and what it has used."""

    def __init__(self, pid):
        self.folder = Path("/proc", str(pid))

    def cpu(self):
        """Microseconds of CPU time, of all threads and of none of its children."""
        fields = (self.folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1e6

    def memory(self):
        """The resident memory in MB."""
        status = (self.folder / "status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024 / 1e6


def measure(endpoint, function, objects, server):
    """Returns how many objects per second were put, how many were put and handled, the server's
    microseconds of CPU per object, and its memory in MB."""
    url = urlsplit(endpoint)
    address = (url.hostname, url.port)
    # The function has started.
    put(address, "first", 0, 1)
    function.wait("first", 1)

    each = objects // CLIENTS
    clients = [
        get_context("fork").Process(target=put, args=(address, "object", client, each))
        for client in range(CLIENTS)
    ]
    before = server.cpu()
    started = time.monotonic()
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if any(client.exitcode for client in clients):
        sys.exit("a client failed")
    was_put = time.monotonic() - started
    was_handled = function.wait("object", each * CLIENTS) - started
    count = each * CLIENTS
    cpu = (server.cpu() - before) / count
    return count / was_put, count / was_handled, cpu, server.memory()


def measure_local(profile, options, folder, objects):
    function = Function(folder)
    configuration = folder / "pipeline.toml"
    configuration.write_text(CONFIGURATION % function.program)
    options = [option.replace("--data", f"--data={folder / 'data'}") for option in options]
    program = Path(os.environ[f"{profile.upper()}_DIR"], "s3-dispatch-local").resolve()
    output = folder / "output"
    ports = ["--port", "0", "--sqs-port", "0"]
    with output.open("w") as file:
        process = subprocess.Popen(
            [program, "--config", configuration, *ports, *options], stdout=file, stderr=file
        )
    try:
        while not (found := re.search(r"S3 is at (http://[\w.:]+)", output.read_text())):
            if process.poll() is not None:
                sys.exit(f"{program} did not start: {output.read_text()}")
            time.sleep(0.01)
        return measure(found[1], function, objects, Server(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


class MiniStack:
    """One MiniStack for all rounds."""

    def __init__(self, endpoint, folder):
        self.endpoint, self.function = endpoint, Function(folder)
        pipeline = Pipeline(endpoint)
        queue = pipeline.add_queue(FUNCTION, {"VisibilityTimeout": "60"})
        pipeline.sns.subscribe(
            TopicArn=pipeline.topic,
            Protocol="sqs",
            Endpoint=pipeline.arn(queue),
            Attributes={
                "RawMessageDelivery": "true",
                "FilterPolicyScope": "MessageBody",
                "FilterPolicy": '{"Records": {"eventName": ["ObjectCreated:Put"]}}',
            },
        )
        pipeline.functions.create_function(
            FunctionName=FUNCTION,
            Runtime="provided.al2023",
            Handler="bootstrap",
            Role="arn:aws:iam::000000000000:role/lambda",
            Timeout=10,
            Code={"ZipFile": zipped(str(self.function.program))},
        )
        pipeline.functions.create_event_source_mapping(
            EventSourceArn=pipeline.arn(queue),
            FunctionName=FUNCTION,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        pipeline.add_bucket()

    def measure(self, objects):
        # What earlier rounds have handled does not count.
        self.function.log.write_bytes(b"")
        server = Server(os.environ["S3_DISPATCH_MINISTACK_PID"])
        return measure(self.endpoint, self.function, objects, server)


def table(results):
    head = "| | put | put and handled | µs of CPU per object | memory in MB |"
    lines = [head, "|---|---:|---:|---:|---:|"]
    for name, rounds in results.items():
        medians = (statistics.median(column) for column in zip(*rounds, strict=True))
        cells = " | ".join(f"{median:,.0f}" for median in medians)
        lines.append(f"| {title(name)} | {cells} |")
    return "\n".join(lines) + "\n"


def conditions(objects, load):
    """The sentence under the table. A machine that does something else measures less."""
    rounds = os.environ.get("ROUNDS", ROUNDS)
    return (
        f"Medians of {rounds} rounds of {objects:,} objects, on {os.cpu_count()} cores with a load "
        f"of {load:.1f} before the first, {time.strftime('%Y-%m-%d')}.\n"
    )


def title(name):
    profile, _, options = name.partition(" ")
    if profile == "MiniStack":
        return profile
    return f"{profile} build, `{options}`" if options else f"{profile} build, in memory"


def main(endpoint, objects=OBJECTS, *names):
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        sys.exit(f"there is no {unknown[0]!r}; the names are {', '.join(NAMES)}")
    results = {name: [] for name in NAMES if name in (names or NAMES)}
    load = os.getloadavg()[0]
    # On the disk of the checkout: a folder in memory would make every sync free.
    target = ROOT / "target"
    with contextlib.ExitStack() as stack:

        def folder():
            return Path(stack.enter_context(tempfile.TemporaryDirectory(dir=target)))

        ministack = MiniStack(endpoint, folder()) if "MiniStack" in results else None
        for number in range(int(os.environ.get("ROUNDS", ROUNDS))):
            for name, rounds in results.items():
                if name == "MiniStack":
                    rounds.append(ministack.measure(int(objects)))
                else:
                    rounds.append(measure_local(*NAMES[name], folder(), int(objects)))
                was_put, was_handled, *_ = rounds[-1]
                figures = f"{was_put:.0f} put, {was_handled:.0f} put and handled"
                print(f"round {number + 1}: {name}: {figures}", flush=True)
    text = f"{table(results)}\n{conditions(int(objects), load)}"
    print(text)
    if not names:
        page = TABLE.sub(rf"\g<1>{text}\g<2>", README.read_text(encoding="utf-8"))
        README.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
