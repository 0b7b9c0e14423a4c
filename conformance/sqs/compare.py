"""Plays the same histories on s3-dispatch-local and on another server, and compares the answers.

Usage: compare.py localstack|ministack ENDPOINT PROGRAM [COUNT [FIRST]]

Plays COUNT histories (by default 240), from the seed FIRST on. The answers to each call are
compared until those of the servers differ in a way that changes the queues; what follows would only
be a consequence. Texts of errors are compared only with LocalStack, which has recorded many of
AWS's.

differences.tsv lists the known differences, each with its reason. A `*` stands for any text. The
script prints every difference with one example (seed and step). The exit status is 1 if one is not
in the list, or if one in the list does not occur in the histories that are played by default.
"""

import csv
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "local"))

from client import Pipeline, wait_until
from histories import Generator
from player import Player, TooSlowError, label_of

COUNT, PARALLEL, ATTEMPTS = 240, 30, 6
COLUMNS = ["server", "operation", "case", "what", "ours", "theirs"]
ACCOUNTS = {"ours": "123456789012", "localstack": "000000000000", "ministack": "000000000000"}
READING = (
    "GetQueueAttributes", "GetQueueUrl", "ListQueues", "ListDeadLetterSourceQueues",
    "ListMessageMoveTasks",
)


def is_without_effect(server, step, results):
    """Whether one server refuses what the other accepts, but without an effect."""
    return server == "localstack" and "MessageNotInflight" in " ".join(results) and (
        "first" not in step.case
    )


def flat(value, path=""):
    """Maps the path of each member of a document to its value."""
    if path == "QueueUrls":
        value = sorted(value)
    if isinstance(value, dict) and value:
        pairs = value.items()
    elif isinstance(value, list) and value:
        pairs = enumerate(value)
    else:
        return {path: str(value)}
    return {
        inner: text
        for name, member in pairs
        for inner, text in flat(member, f"{path}.{name}".lstrip(".")).items()
    }


class Comparison:
    """Compares the answers to one history."""

    def __init__(self, server, generator):
        self.server, self.is_fifo = server, generator.is_fifo
        self.steps, self.groups = generator.steps, generator.groups
        self.found, self.compared, self.is_whole = [], 0, False

    def run(self, ours, theirs):
        for number, step in enumerate(self.steps):
            here, there = ours[number], theirs[number]
            if here is None or there is None:
                continue
            self.compared += 1
            if not self.compare(number, step, here, there):
                return
        self.is_whole = True

    def add(self, number, step, what, ours, theirs):
        row = (self.server, step.operation, step.case, what, str(ours), str(theirs))
        self.found.append((row, number))

    def compare(self, number, step, here, there):
        """Returns whether the queues are still the same on both servers."""
        results = [
            " ".join(map(str, side["error"])) if "error" in side else "ok" for side in (here, there)
        ]
        if results[0] != results[1]:
            self.add(number, step, "result", *results)
            is_same = "ok" not in results or is_without_effect(self.server, step, results)
            return step.is_mistake or is_same or step.operation in READING
        if results[0] != "ok":
            if self.server == "localstack" and here["text"] != there["text"]:
                self.add(number, step, "text", here["text"], there["text"])
            return True
        if step.is_mistake:
            return self.compare_mistakes(number, step, here["output"], there["output"])
        return self.compare_outputs(number, step, here["output"], there["output"])

    def compare_mistakes(self, number, step, here, there):
        """The failed entries of a batch are compared; the queues are not the same any more."""
        if "Successful" in here or "Failed" in here:
            self.compare_entries(number, step, here, there)
        return True

    def compare_outputs(self, number, step, here, there):
        if step.operation == "ReceiveMessage":
            bodies = [self.bodies(side) for side in (here, there)]
            if bodies[0] != bodies[1]:
                is_order = sorted(bodies[0]) == sorted(bodies[1])
                is_choice = len(bodies[0]) == len(bodies[1])
                what = "order" if is_order else "choice" if is_choice else "messages"
                kind = "FIFO" if self.is_fifo else "standard"
                self.add(number, step, f"{what} ({kind})", *(" ".join(side) for side in bodies))
                return False
        if "Successful" in here or "Failed" in here:
            differences = len(self.found)
            is_same = self.compare_entries(number, step, here, there)
            if len(self.found) > differences:
                return is_same
        here, there = flat(here), flat(there)
        for path in sorted(here | there):
            if self.server == "ministack" and path.startswith("Failed") and "Message" in path:
                continue
            values = [side.get(path, "(absent)") for side in (here, there)]
            if values[0] != values[1]:
                self.add(number, step, re.sub(r"\.\d+", "[]", path), *values)
        return True

    def bodies(self, output):
        messages = output.get("Messages") or []

        def group(message):
            # Only the messages of a FIFO queue's group have an order.
            label = label_of(message["Body"])
            return self.groups.get(label, "") if self.is_fifo else label

        messages.sort(key=group)
        return [message["Body"][:12] for message in messages]

    def compare_entries(self, number, step, here, there):
        """Compares which entries succeeded, and the codes of the others. Returns whether the queues
        are still the same."""
        codes = [self.codes(side) for side in (here, there)]
        is_same = True
        for entry in sorted(codes[0] | codes[1]):
            results = [side.get(entry, "(absent)") for side in codes]
            if results[0] != results[1]:
                self.add(number, step, "entry", *results)
                is_same &= "ok" not in results or is_without_effect(self.server, step, results)
        return is_same

    @staticmethod
    def codes(output):
        """Maps the id of each entry to `ok` or its code."""
        for name in ("Successful", "Failed"):
            output[name] = sorted(output.get(name) or [], key=lambda entry: entry["Id"])
        codes = {entry["Id"]: "ok" for entry in output["Successful"]}
        return codes | {entry["Id"]: entry["Code"] for entry in output["Failed"]}


class Known:
    """The list of known differences."""

    def __init__(self, server):
        with Path(__file__).with_name("differences.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        self.rows = [
            ([self.pattern(row[column]) for column in COLUMNS], row)
            for row in rows
            if row["server"] in (server, "*")
        ]
        self.used = Counter()

    @staticmethod
    def pattern(text):
        return re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)

    def reason(self, difference):
        for number, (patterns, row) in enumerate(self.rows):
            if all(map(lambda pattern, text: pattern.fullmatch(text), patterns, difference)):
                self.used[number] += 1
                return row["reason"]
        return None

    def unused(self):
        return [row for number, (_, row) in enumerate(self.rows) if not self.used[number]]


def play(endpoint, server, generator):
    """Plays a history, again if the machine was too slow."""
    for attempt in range(ATTEMPTS):
        prefix = f"history{generator.seed}-{attempt:02}"
        player = Player(endpoint, ACCOUNTS[server], prefix, generator.is_fifo)
        try:
            return player.play(generator.steps)
        except TooSlowError:
            continue
    return None


def compare_all(server, endpoints, seeds):
    def one(seed):
        generator = Generator(seed)
        generator.history()
        with ThreadPoolExecutor(2) as pool:
            ours = pool.submit(play, endpoints["ours"], "ours", generator)
            theirs = pool.submit(play, endpoints[server], server, generator)
            answers = ours.result(), theirs.result()
        comparison = Comparison(server, generator)
        if None in answers:
            return seed, None
        comparison.run(*answers)
        return seed, comparison

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(one, seeds))


def report(server, comparisons, is_default):
    known, failures = Known(server), 0
    counts, examples = Counter(), {}
    for seed, comparison in comparisons:
        if comparison is None:
            print("FAIL", server, f"seed {seed}: the machine is too slow", sep="\t")
            failures += 1
            continue
        for row, number in comparison.found:
            counts[row] += 1
            examples.setdefault(row, f"seed {seed} step {number}")
    reasons = Counter()
    for row, count in sorted(counts.items()):
        if reason := known.reason(row):
            reasons[reason] += count
        else:
            failures += 1
            print("FAIL", *row, f"{count} times", examples[row], sep="\t")
    for reason, count in reasons.most_common():
        print("known", server, f"{count} times", reason, sep="\t")
    if is_default:
        for row in known.unused():
            failures += 1
            print("FAIL", "no longer occurs", *(row[column] for column in COLUMNS), sep="\t")
    played = [comparison for _, comparison in comparisons if comparison]
    total = sum(comparison.compared for comparison in played)
    whole = sum(comparison.is_whole for comparison in played)
    print(f"{server}: {len(played)} histories, {total} answers compared, {whole} to the end")
    print(f"{server}: {sum(reasons.values())} known differences, {failures} failures")
    return 1 if failures else 0


def main(server, endpoint, program, count=COUNT, first=0):
    seeds = range(int(first), int(first) + int(count))
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder, "pipeline.toml")
        configuration.write_text('[[queue]]\nname = "first"\n')
        pipeline = Pipeline(program, "--config", configuration)

        def address():
            found = (re.search(r"SQS is at (\S+)", line) for line in pipeline.lines.copy())
            return next((match[1] for match in found if match), None)

        try:
            wait_until("SQS is served", address)
            comparisons = compare_all(server, {"ours": address(), server: endpoint}, seeds)
        finally:
            pipeline.stop()
    return report(server, comparisons, is_default=(count, first) == (COUNT, 0))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
