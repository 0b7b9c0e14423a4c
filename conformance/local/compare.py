"""Runs the same operations on s3-dispatch-local and on another server, and compares the results.

Usage: compare.py localstack|ministack ENDPOINT PROGRAM BIN_DIR

differences.tsv lists the known differences, each with its reason. The script prints every
difference. The exit status is 1 if one is not in the list, or if one in the list no longer occurs.
The columns of the list: the server, what differs, where, for which events, our value, their value,
and the reason.
"""

import csv
import json
import re
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import recorder
import servers

from pipeline import differences  # `servers` adds its folder to the path.

COLUMNS = ["server", "what", "where", "events", "ours", "theirs"]

# Ids and times. Only their form is compared.
FORMS = {
    "(time with milliseconds)": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "(time)": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "(milliseconds)": r"\d{13}",
    "(uuid)": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "(18 hexadecimal digits)": r"[0-9A-F]{18}",
    "(16 digits and letters)": r"[0-9A-Z]{16}",
    "(base64)": r"[0-9A-Za-z+/]{60,}={0,2}",
    "(8 hexadecimal digits)": r"[0-9a-f]{8}",
    "(address)": r"(?:127\.0\.0\.1|localhost\.localstack\.cloud):\d+",
}
OPAQUE = ("receiptHandle", "md5OfBody", "Signature")


class Differences:
    """The differences that were found, each with its events."""

    def __init__(self):
        self.events = defaultdict(set)

    def add(self, what, where, event, ours, theirs):
        if ours != theirs:
            self.events[what, where, str(ours), str(theirs)].add(event)

    def rows(self, server, all_events):
        for (what, where, ours, theirs), events in self.events.items():
            named = "all" if events >= all_events else " ".join(sorted(events))
            yield server, what, where, named, ours, theirs


def flat(value, path=""):
    """Maps the path of each member of a document to its value. Ids and times become their form."""
    if isinstance(value, (dict, list)) and value:
        members = value.items() if isinstance(value, dict) else [("[]", member) for member in value]
        below = [
            flat(member, f"{path}{'' if name == '[]' else '.'}{name}") for name, member in members
        ]
        return {inner: text for texts in below for inner, text in texts.items()}
    text = value if isinstance(value, str) else json.dumps(value)
    if path.endswith(OPAQUE):
        return {path.lstrip("."): "(some text)"}
    for name, form in FORMS.items():
        text = re.sub(rf"(?<![\w.]){form}(?!\w)", name, text)
    return {path.lstrip("."): text}


def queue_of(message):
    return message["eventSourceARN"].rsplit(":", 1)[1]


def event_of(body):
    """Returns the event name of a notification, or of a test notification."""
    return body["Records"][0]["eventName"] if "Records" in body else body["Event"]


def arrived(observed, queue):
    """Maps event name, key and number to each body that arrived in a queue.

    Events with the same name and key are numbered by size, because they may arrive in any order.
    """
    bodies = defaultdict(list)
    for message in observed.messages:
        if queue_of(message) == queue and message["attributes"]["ApproximateReceiveCount"] == "1":
            outer = json.loads(message["body"])
            inner = json.loads(outer["Message"]) if "Message" in outer else outer
            size = inner["Records"][0]["s3"]["object"].get("size", 0) if "Records" in inner else 0
            bodies[event_of(inner), recorder.key(message["body"])].append((size, outer))
    return {
        (*name, number): outer
        for name, sized in bodies.items()
        for number, (_, outer) in enumerate(sorted(sized, key=lambda one: one[0]))
    }


def encodings(key, ours, theirs):
    """Returns pairs of encodings for the characters that the servers encode differently."""

    def split(text):
        for sign in key:
            wanted = sum(1 for _ in sign.encode())
            plain = text.startswith(sign) and sign != "%"
            length = 1 if plain or sign == " " and text.startswith("+") else 3 * wanted
            yield text[:length]
            text = text[length:]

    return {pair for pair in zip(split(ours), split(theirs)) if pair[0] != pair[1]}


def compare_notifications(found, ours, theirs):
    ours, theirs = arrived(ours, "everything"), arrived(theirs, "everything")
    for name in ours | theirs:
        event = name[0]
        if name not in ours or name not in theirs:
            there = ["sent" if name in side else "not sent" for side in (ours, theirs)]
            found.add("notification", "whole", event, *there)
            continue
        here, there = flat(ours[name]), flat(theirs[name])
        for path in here | there:
            if path == "Records[].s3.object.key":
                for pair in encodings(name[1], here[path], there.get(path, "")):
                    found.add("notification", path, event, *pair)
            else:
                found.add(
                    "notification",
                    path,
                    event,
                    here.get(path, "(absent)"),
                    there.get(path, "(absent)"),
                )
    return ours.keys() & theirs.keys()


def compare_envelopes(found, ours, theirs, names):
    ours, theirs = arrived(ours, "enveloped"), arrived(theirs, "enveloped")
    for name in ours.keys() & theirs.keys() & names:
        here, there = (
            {**flat(side[name]), "Message": "(the notification)"} for side in (ours, theirs)
        )
        for path in here | there:
            found.add(
                "envelope", path, name[0], here.get(path, "(absent)"), there.get(path, "(absent)")
            )


def compare_verdicts(found, ours, theirs, names, queues):
    for queue in queues:
        ours_through, theirs_through = arrived(ours, queue), arrived(theirs, queue)
        for name in names:
            verdicts = [
                "passes" if name in side else "rejects" for side in (ours_through, theirs_through)
            ]
            found.add("filter verdict", queue, name[0], *verdicts)


def receives(observed, queues):
    """Maps each key to the receive counts of its messages in these queues."""
    counts = defaultdict(list)
    for message in observed.messages:
        if (queue := queue_of(message)) in queues:
            count = message["attributes"]["ApproximateReceiveCount"]
            text = f"dead letter, {count}" if queue.endswith("-dead-letters") else count
            counts[recorder.key(message["body"])].append(text)
    return {key: "; ".join(sorted(texts)) for key, texts in counts.items()}


def compare_receives(found, ours, theirs):
    # The example functions do not log each receive, so their queues are left out.
    for queues in (["answers", "answers-dead-letters"], ["put-processor-dead-letters"]):
        here, there = receives(ours, queues), receives(theirs, queues)
        for key in here | there:
            found.add(
                "receives",
                key,
                "ObjectCreated:Put",
                here.get(key, "never"),
                there.get(key, "never"),
            )


def compare_messages(found, ours, theirs):
    """Compares the messages that functions receive, apart from their bodies."""
    forms = []
    for observed in (ours, theirs):
        values = defaultdict(set)
        for message in observed.messages:
            if queue_of(message) == "everything":
                for path, text in flat({**message, "body": "(the notification)"}).items():
                    values[path].add(text)
        forms.append({path: " or ".join(sorted(texts)) for path, texts in values.items()})
    for path in forms[0] | forms[1]:
        found.add("message", path, "any", *(form.get(path, "(absent)") for form in forms))


def compare_sequencers(found, *both):
    texts = []
    for observed in both:
        bodies = arrived(observed, "everything").items()
        sequenced = [
            body
            for (name, key, _), body in bodies
            if key == "again" and "ObjectTagging" not in name
        ]
        objects = [body["Records"][0]["s3"]["object"] for body in sequenced]
        ordered = sorted(objects, key=lambda one: one["sequencer"])
        distinct = len({one["sequencer"] for one in objects})
        sizes = " ".join(str(one.get("size", 0)) for one in ordered)
        texts.append(
            f"sizes {sizes}"
            if distinct == len(objects)
            else f"{distinct} for {len(objects)} events"
        )
    found.add("sequencer", "order of a key's events", "ObjectCreated:Put", *texts)


def compare_handled(found, ours, theirs):
    for logged in ours.handled | theirs.handled:
        text, event, *_ = logged
        found.add("handled", text, event, ours.handled[logged], theirs.handled[logged])
    found.add("handled", "complaints", "ObjectCreated:Put", ours.refused, theirs.refused)


def mistakes_of(ours):
    """Checks that our own result is complete; otherwise the comparison would prove little."""
    expected = Counter((name, key) for name, key, _ in ours.events) + Counter(
        [("s3:TestEvent", None)]
    )
    found = Counter(name[:2] for name in arrived(ours, "everything"))
    return [f"ours: {line}" for line in differences(expected, found)]


def main(name, endpoint, program, bin_dir):
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        ours = servers.ours(Path(here), program, bin_dir)
        theirs = getattr(servers, name)(Path(there), endpoint, bin_dir)
    found = Differences()
    names = compare_notifications(found, ours, theirs)
    compare_envelopes(found, ours, theirs, names)
    queues = {queue_of(message) for message in ours.messages + theirs.messages}
    verdicts = (
        queues
        - {"everything"}
        - {queue for queue in queues if queue.endswith(("-processor", "-dead-letters"))}
    )
    compare_verdicts(found, ours, theirs, names, sorted(verdicts))
    compare_receives(found, ours, theirs)
    compare_sequencers(found, ours, theirs)
    if name == "ministack":
        compare_messages(found, ours, theirs)
        compare_handled(found, ours, theirs)

    with Path(__file__).with_name("differences.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    known = {
        tuple(row[column] for column in COLUMNS): row["reason"]
        for row in rows
        if row["server"] == name
    }
    seen = set(found.rows(name, {event for event, *_ in names}))
    for row in sorted(seen & known.keys()):
        print("known", *row, known[row], sep="\t")
    failures = mistakes_of(ours)
    failures += ["\t".join(row) for row in sorted(seen - known.keys())]
    failures += ["no longer occurs: " + "\t".join(row) for row in sorted(known.keys() - seen)]
    for failure in failures:
        print("FAIL", failure, sep="\t")
    print(f"{name}: {len(ours.events)} events, {len(names)} notifications compared")
    print(f"{name}: {len(theirs.messages)} messages received")
    print(f"{name}: {len(seen & known.keys())} known differences, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
