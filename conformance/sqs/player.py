"""Plays a history on a server, and records each answer in a form that depends on no server.

Ids, receipt handles, times, addresses and accounts differ from server to server. They are replaced
by names that tell what they stand for.
"""

import http.client
import json
import re
import time
from urllib.parse import urlsplit

from histories import Reference

# A pause ends every short timeout, although LocalStack looks at them only once a second. The calls
# between two pauses must take less time than a short timeout, or the result says nothing.
PAUSE, MOST_BETWEEN = 3.3, 1.8
REGION = "us-east-1"


class TooSlowError(Exception):
    """A timeout may have ended before its time, because the machine was busy."""


class Player:
    """Plays one history. The names of its queues begin with `prefix`."""

    def __init__(self, endpoint, account, prefix, is_fifo):
        self.address = urlsplit(endpoint)
        self.connection = http.client.HTTPConnection(self.address.netloc, timeout=60)
        self.account, self.prefix = account, prefix
        self.ending = ".fifo" if is_fifo else ""
        self.handles, self.names = {}, {}
        self.since, self.sequence = time.monotonic(), {}

    def play(self, steps):
        """Returns the answer to each step. `None` stands for a step that was left out."""
        try:
            return [self.play_one(step) for step in steps]
        finally:
            self.connection.close()

    def play_one(self, step):
        if step.operation == "pause":
            self.check_speed(step)
            time.sleep(PAUSE)
            self.since = time.monotonic()
            return None
        try:
            parameters = self.resolve(step.parameters)
        except KeyError:
            return None  # The message was not received yet.
        wait = step.parameters.get("WaitTimeSeconds", 0)
        is_wait = 1 < wait <= 20 and not step.is_mistake
        started = time.monotonic()
        status, code, answer = self.call(step.operation, parameters)
        if is_wait:
            answer["Waited"] = time.monotonic() - started > 0.9 * wait
            self.since += time.monotonic() - started
        self.check_speed(step)
        if status == 200:
            self.name_sequence_numbers(answer, parameters.get("QueueUrl"))
        return self.normal(status, code, answer)

    def name_sequence_numbers(self, answer, queue):
        """Replaces sequence numbers: a message has one, and later messages have greater ones."""
        known = self.sequence.setdefault(queue, {})
        for message in [answer, *(answer.get("Successful") or []), *(answer.get("Messages") or [])]:
            holder = message.get("Attributes", message)
            if "MessageId" not in message or "SequenceNumber" not in holder:
                continue
            number, own = int(holder["SequenceNumber"]), known.get(message["MessageId"])
            if own is None:
                own = known[message["MessageId"]] = number
                form = "(greater)" if number == max(known.values()) else "(smaller)"
            else:
                form = "(that of the message)" if number == own else "(another)"
            holder["SequenceNumber"] = form

    def check_speed(self, step):
        if not step.is_mistake and time.monotonic() - self.since > MOST_BETWEEN:
            raise TooSlowError

    def call(self, operation, parameters):
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{operation}",
            "Authorization": "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0, "
            f"Credential=test/20260101/{REGION}/sqs/aws4_request",
        }
        self.connection.request("POST", "/", json.dumps(parameters).encode(), headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read() or b"{}")
        code = response.getheader("x-amzn-query-error", "").partition(";")[0]
        return response.status, code, answer

    def resolve(self, value):
        """Replaces the references in a value."""
        match value:
            case Reference("name", name):
                return f"{self.prefix}-{name}{self.ending}"
            case Reference("prefix"):
                return f"{self.prefix}-"
            case Reference("url", name):
                queue = self.resolve(Reference("name", name))
                return f"http://{self.address.netloc}/{self.account}/{queue}"
            case Reference("arn", name):
                queue = self.resolve(Reference("name", name))
                return f"arn:aws:sqs:{REGION}:{self.account}:{queue}"
            case Reference("handle", label, which):
                return self.handles[label][0 if which == "first" else -1]
            case {"deadLetterTargetArn": arn, "maxReceiveCount": count}:
                policy = {"deadLetterTargetArn": self.resolve(arn), "maxReceiveCount": count}
                return json.dumps(policy)
            case {"redrivePermission": _}:
                policy = {name: self.resolve(inner) for name, inner in value.items()}
                return json.dumps(policy)
            case dict():
                return {name: self.resolve(inner) for name, inner in value.items()}
            case [dict(), *_]:
                return self.resolve_entries(value)
            case list():
                return [self.resolve(inner) for inner in value]
            case _:
                return value

    def resolve_entries(self, entries):
        """The entries of a batch, without those whose message was not received yet."""
        resolved = []
        for entry in entries:
            try:
                resolved.append(self.resolve(entry))
            except KeyError:
                continue
        if not resolved:
            raise KeyError("no entry")
        return resolved

    def normal(self, status, code, answer):
        if status != 200:
            name = answer.get("__type", "").rpartition("#")[2]
            text = answer.get("message", answer.get("Message", ""))
            return {"error": [status, name, code], "text": self.plain(text)}
        for message in answer.get("Messages", []):
            self.handles.setdefault(label_of(message["Body"]), []).append(message["ReceiptHandle"])
        return {"output": self.normal_value("", answer)}

    def normal_value(self, name, value):
        match value:
            case dict():
                return {inner: self.normal_value(inner, value[inner]) for inner in sorted(value)}
            case list():
                return [self.normal_value(name, inner) for inner in value]
            case None:
                return None
        if name == "MessageId":
            return self.named(value)
        if name in ("ReceiptHandle", "TaskHandle"):
            return f"({name})"
        if name.endswith("Timestamp"):
            digits = len(str(value))
            seconds = float(value) / (1 if digits < 12 else 1000)
            is_recent = abs(seconds - time.time()) < 120
            return f"(a time of {digits} digits)" if is_recent else f"(wrong time {value})"
        if name == "SenderId":
            return "(an id)"
        if name in ("RedrivePolicy", "RedriveAllowPolicy") and value:
            value = json.dumps(json.loads(value), sort_keys=True)
        return self.plain(value)

    def named(self, value):
        """Ids are named in the order in which they appear."""
        return self.names.setdefault(value, f"id {len(self.names) + 1}")

    def plain(self, value):
        """A text without addresses, accounts, and the names and handles of this run."""
        if not isinstance(value, str):
            return value
        for handles in self.handles.values():
            for handle in handles:
                value = value.replace(handle, "(handle)")
        value = re.sub(r"https?://[^/\s\"]+/", "http://(address)/", value)
        return value.replace(self.prefix, "(prefix)").replace(self.account, "(account)")


def label_of(body):
    """The label of a message, with which its body begins."""
    return re.match(r"m?\d*", body)[0]
