"""Ends workers under load at random moments, and checks that nothing is lost.

Usage: kills.py LOCAL WORKER [ROUNDS [SEED]]

LOCAL is `s3-dispatch-local`, WORKER is `worker-under-load`. Three workers serve one queue while
objects are uploaded. In each round, one of them is ended and started again: in the first part by
SIGTERM or by SIGKILL, in the second part by SIGTERM alone, ROUNDS times in each. The handlers take
0 to 2 seconds. One worker has a current-thread runtime.

Then, in both parts, every object was handled, the queue is empty, no message is a dead letter, and
only what a killed worker held was handled twice. In the second part, nothing was handled twice, and
each worker ended with status 0.
"""

import math
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from world import VISIBILITY, Checks, Load, Pipeline, Worker, handlings, mixed_keys, wait_until

# Objects per second.
RATE = 60


class Fleet:
    """Three workers of one queue, and how those that ended have ended."""

    def __init__(self, program, pipeline, journal):
        self.program, self.pipeline, self.journal = program, pipeline, journal
        # When each process was killed, in seconds since 1970.
        self.killed = {}
        self.drains = []
        # The process and the status of each that ended by SIGTERM.
        self.statuses = []
        self.workers = [self.start(index) for index in range(3)]

    def start(self, index):
        flavor = "current_thread" if index == 2 else "multi_thread"
        name = f"worker-{index}"
        return Worker(self.program, self.pipeline, self.journal, name, FLAVOR=flavor)

    def end(self, index, is_kill):
        """Ends a worker and starts it again."""
        worker = self.workers[index]
        if is_kill:
            self.killed[worker.id] = time.time()
            worker.kill()
        else:
            status, drain = worker.terminate()
            self.statuses.append((worker.id, status))
            self.drains.append(drain)
        self.workers[index] = self.start(index)

    def stop(self):
        for worker in self.workers:
            worker.process.terminate()
        self.statuses += [(worker.id, worker.process.wait(60)) for worker in self.workers]

    def are_drained(self, found):
        """Whether each that got SIGTERM ended with status 0.

        The signal ends a process that has just started and does not wait for signals yet. Such a
        process has received nothing.
        """
        used = {entry.process for entries in found.values() for entry in entries}
        return all(
            status == 0 or (status == -signal.SIGTERM and process not in used)
            for process, status in self.statuses
        )


def part(checks, title, local, program, rounds, seed, kills):
    """Runs one part: load, ends of workers, and the checks."""
    choice = random.Random(seed)
    print(f"{title}: {rounds} rounds, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        journal.touch()
        pipeline = Pipeline(local)
        fleet = Fleet(program, pipeline, journal)
        load = Load(pipeline, RATE, mixed_keys(seed))
        load.start()
        try:
            for _ in range(rounds):
                time.sleep(choice.uniform(0.2, 2))
                fleet.end(choice.randrange(3), kills and choice.random() < 0.6)
            put = load.stop()
            # Most of it is done before this ends: a message of a killed worker stays hidden.
            wait_until("the queue is empty", lambda: pipeline.is_empty("work"), 60 + 5 * VISIBILITY)
            fleet.stop()
            judge(checks, fleet, put, kills)
        finally:
            for worker in fleet.workers:
                worker.kill()
            pipeline.stop()


def judge(checks, fleet, put, kills):
    found = handlings(fleet.journal)
    lost = [key for key in put if not any(entry.end for entry in found[key])]
    twice = {key: entries for key, entries in found.items() if len(entries) > 1}
    # Another began although the process of the one before it was still there.
    unjust = [
        (key, entries)
        for key, entries in twice.items()
        for entry, following in zip(entries, entries[1:])
        if not fleet.killed.get(entry.process, math.inf) < following.begin
    ]
    dead = fleet.pipeline.depth("failed")
    longest = max(fleet.drains, default=0)
    print(
        f"  {len(put)} objects, {len(fleet.killed)} kills, {len(fleet.drains)} drains (the longest "
        f"{longest:.1f} s), {len(twice)} handled more than once, {sum(dead)} dead letters"
    )

    checks.check("every object was handled", not lost, lost[:5])
    checks.check("the queue is empty", fleet.pipeline.is_empty("work"))
    checks.check("no message is a dead letter", dead == (0, 0), dead)
    checks.check("each SIGTERM ended with status 0", fleet.are_drained(found), fleet.statuses)
    checks.check("each drain took less than 25 s", longest < 25, f"{longest:.1f} s")
    if kills:
        checks.check("only a killed worker's work was done twice", not unjust, unjust[:5])
    else:
        checks.check("nothing was handled twice", not twice, list(twice.items())[:5])


def main():
    local, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else random.randrange(1 << 32)
    checks = Checks()
    part(checks, "SIGKILL and SIGTERM", local, program, rounds, seed, True)
    part(checks, "SIGTERM alone", local, program, rounds, seed + 1, False)
    sys.exit(checks.status())


if __name__ == "__main__":
    main()
