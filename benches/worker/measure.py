"""Measures workers that empty an SQS queue. `benches/worker/run` builds and starts everything.

Usage: measure.py [--messages N] [--rounds N] [--only NAME,...] [--readme]

A round fills a queue with S3 notifications, starts a worker on a core of its own and watches the
queue until it is empty. The rate counts from the moment at which a tenth of the messages is gone,
so the start of a worker and of its just-in-time compiler does not count. Then the worker gets
SIGTERM and says what it has handled: every message exactly once, or the measurement ends.

Requests are counted by a proxy, instructions and allocations by valgrind, in runs of their own.
Instructions and allocations are the difference between two runs, divided by the additional
messages, so that the start does not count.
"""

import argparse
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from contenders import Contender, contenders
from counting_proxy import CountingProxy
from queues import Queue, local_server

WAITS = (0, 20)
COUNTED = ("instructions", "allocations")
README = Path(__file__).with_name("README.md")
PATIENCE = 600


class Run:
    """What one worker did with one full queue."""

    def __init__(self, contender, endpoint, messages, wait, tool=(), counted=False):
        proxy = CountingProxy(endpoint) if counted else None
        queue = Queue(endpoint)
        try:
            queue.fill(messages)
            through = proxy.endpoint if proxy else endpoint
            with tempfile.TemporaryFile("w+") as log:
                worker = contender.start(queue, through, wait, log, tool)
                try:
                    self.rate, self.processor_time = watch(queue, worker, messages, log)
                    self.requests = proxy.count() / messages if proxy else None
                    self.memory = worker.peak_memory()
                    said = worker.end()
                finally:
                    worker.kill()
                log.seek(0)
                self.said = log.read() + said
            self.check(contender, queue, messages)
        finally:
            queue.delete()
            if proxy:
                proxy.close()

    def check(self, contender, queue, messages):
        found = re.search(r"handled (\d+) sum (\d+) waited (\d+) us", self.said)
        expected = (messages, messages * (messages - 1) // 2)
        handled = (int(found[1]), int(found[2])) if found else None
        if handled == expected:
            self.waited = int(found[3]) / 1e6 / messages
        else:
            sys.exit(f"{contender.name}: handled {handled}, not {expected}: {self.said}")
        if (left := queue.left()) != 0:
            sys.exit(f"{contender.name}: {left} messages are not deleted")


def watch(queue, worker, messages, log):
    """Returns messages per second and seconds of the core per message, after the first tenth."""
    begun, end = None, time.monotonic() + PATIENCE
    while True:
        left = queue.left()
        now, processor_time = time.monotonic(), worker.processor_time()
        if left == 0:
            break
        if begun is None and left <= 0.9 * messages:
            begun = (now, processor_time, left)
        if worker.has_ended() or now > end:
            log.seek(0)
            sys.exit(f"{worker.name}: {left} of {messages} messages are left: {log.read()}")
        time.sleep(0.02)
    if begun is None:
        sys.exit("too few messages to measure a rate")
    return begun[2] / (now - begun[0]), (processor_time - begun[1]) / begun[2]


def counted_by_valgrind(contender, endpoint, tool, pattern):
    """What a message costs: the difference of two runs, per additional message."""
    totals = []
    few, many = 1000, 3000
    for messages in (few, many):
        run = Run(contender, endpoint, messages, 0, tool)
        found = re.search(pattern, run.said)
        totals.append(int(found[1].replace(",", "")))
    return (totals[1] - totals[0]) / (many - few)


INSTRUCTIONS = (
    ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"),
    r"Collected : (\d+)",
)
ALLOCATIONS = (("valgrind", "--leak-check=no"), r"total heap usage: ([\d,]+) allocs")


def measure(contender: Contender, endpoint, options):
    row = {"name": contender.title}
    for wait in WAITS:
        rounds = [Run(contender, endpoint, options.messages, wait) for _ in range(options.rounds)]
        row[f"rate {wait}"] = statistics.median(run.rate for run in rounds)
        row[f"time {wait}"] = statistics.median(run.processor_time for run in rounds)
        row[f"waited {wait}"] = statistics.median(run.waited for run in rounds)
        row[f"memory {wait}"] = max(run.memory for run in rounds)
        print(f"{contender.name}, {wait} ms: {row[f'rate {wait}']:.0f} a second", flush=True)
    few = min(options.messages, 4000)
    row["requests"] = Run(contender, endpoint, few, 0, counted=True).requests
    if contender.is_native and options.valgrind:
        row["instructions"] = counted_by_valgrind(contender, endpoint, *INSTRUCTIONS)
        row["allocations"] = counted_by_valgrind(contender, endpoint, *ALLOCATIONS)
    print(row, flush=True)
    return row


COLUMNS = (
    "worker",
    "messages/s, handlers that do nothing",
    "messages/s, handlers that wait 20 ms (busy)",
    "µs of a core per message",
    "requests per message",
    "instructions per message",
    "allocations per message",
    "peak memory",
)


def busy(row, options):
    """Returns which part of the handlers that may run is running, on average."""
    return row["rate 20"] * row["waited 20"] / options.in_flight


def table(rows, options):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for row in rows:
        cells = [
            row["name"],
            f"{row['rate 0']:,.0f}",
            f"{row['rate 20']:,.0f} ({busy(row, options):.1%})",
            f"{row['time 0'] * 1e6:,.0f}",
            f"{row['requests']:.3f}",
            *(f"{row[name]:,.0f}" if name in row else "" for name in COUNTED),
            f"{row['memory 0'] / 1024:.0f} MiB",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", help="an SQS that runs already; by default s3-dispatch-local")
    parser.add_argument("--server-name", default="s3-dispatch-local")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--in-flight", type=int, default=40)
    parser.add_argument("--receivers", type=int, default=4)
    parser.add_argument("--only", help="names of workers, with commas between them")
    parser.add_argument("--no-valgrind", dest="valgrind", action="store_false")
    parser.add_argument("--readme", action="store_true", help="writes the table into the README")
    return parser.parse_args()


def main():
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("measure.py was told to end"))
    options = arguments()
    chosen = contenders(options)
    load = os.getloadavg()[0]
    if options.endpoint:
        rows = [measure(contender, options.endpoint, options) for contender in chosen]
    else:
        with local_server() as endpoint:
            rows = [measure(contender, endpoint, options) for contender in chosen]

    text = (
        f"\n{table(rows, options)}\nMedians of {options.rounds} rounds of {options.messages:,} "
        f"messages, at most {options.in_flight} in flight,\n{options.receivers} receivers, load "
        f"{load:.1f} before the first, {time.strftime('%Y-%m-%d')}.\n"
    )
    print(text)
    if options.readme:
        mark = options.server_name.lower()
        pattern = re.compile(rf"(<!-- {mark} -->\n).*(<!-- /{mark} -->)", re.DOTALL)
        before = README.read_text()
        README.write_text(pattern.sub(lambda found: found[1] + text + "\n" + found[2], before))


if __name__ == "__main__":
    main()
