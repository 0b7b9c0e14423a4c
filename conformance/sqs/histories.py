"""Generates histories: lists of calls that one client makes to the queues of an SQS server.

A seed decides everything about a history. Its parameters refer to what only a server knows, such as
a queue's URL or the receipt handle of a message, by `Reference`s.
"""

import json
import random
from dataclasses import dataclass, field

# Short timeouts and delays end with each pause, in seconds. Long ones never end.
SHORT, LONG = 2, 600


@dataclass(frozen=True)
class Reference:
    """What only a server knows: a `url`, an `arn`, the `name` of a queue, or a `handle`.

    Its name is that of a queue, or of a message. The handle of a message is that of its `first` or
    `latest` receive.
    """

    kind: str
    name: str
    which: str = "latest"


@dataclass
class Step:
    """A call. `case` tells what is special about it, for the list of differences.

    In the last part of a history many calls are mistakes, which one server accepts and another
    refuses. The queues are no longer the same then, so only codes and texts are compared.
    """

    operation: str
    parameters: dict = field(default_factory=dict)
    case: str = "plain"
    is_mistake: bool = False


def url(queue):
    return Reference("url", queue)


def batches(entries):
    """Gives ids to the entries of a batch."""
    return [{"Id": f"entry-{number}"} | entry for number, entry in enumerate(entries)]


TRACE_HEADER = {
    "DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793",
}
ATTRIBUTES = {
    "a text": {"Name": {"DataType": "String", "StringValue": "ä 日本語"}},
    "a number": {"Count": {"DataType": "Number", "StringValue": "-12.5e3"}},
    "bytes": {"Data": {"DataType": "Binary", "BinaryValue": "AP8QIA=="}},
    "types with labels": {
        "Pre.a": {"DataType": "String.label", "StringValue": "x"},
        "Pre.b": {"DataType": "Number.int", "StringValue": "1"},
    },
    "an unknown type": {"Name": {"DataType": "Bool", "StringValue": "true"}},
    "a type that only begins right": {"Name": {"DataType": "Stringy", "StringValue": "x"}},
    "no type": {"Name": {"StringValue": "x"}},
    "an empty type": {"Name": {"DataType": "", "StringValue": "x"}},
    "an empty value": {"Name": {"DataType": "String", "StringValue": ""}},
    "no value": {"Name": {"DataType": "String"}},
    "a text as bytes": {"Name": {"DataType": "Binary", "StringValue": "x"}},
    "a number without digits": {"Count": {"DataType": "Number", "StringValue": "many"}},
    "a reserved name": {"AWS.Name": {"DataType": "String", "StringValue": "x"}},
    "a name with a space": {"my name": {"DataType": "String", "StringValue": "x"}},
    "a name that begins with a period": {".name": {"DataType": "String", "StringValue": "x"}},
    "a name with two periods": {"my..name": {"DataType": "String", "StringValue": "x"}},
    "a long name": {"n" * 257: {"DataType": "String", "StringValue": "x"}},
    "a value with a control character": {"Name": {"DataType": "String", "StringValue": "\x01"}},
    "ten": {f"N{n}": {"DataType": "String", "StringValue": "x"} for n in range(10)},
    "eleven": {f"N{n}": {"DataType": "String", "StringValue": "x"} for n in range(11)},
}
VALID_ATTRIBUTES = ["a text", "a number", "bytes", "types with labels", "ten"]

VALID_SETTINGS = [
    ("VisibilityTimeout", ["0", "2", "600"]), ("DelaySeconds", ["0", "2"]),
    ("ReceiveMessageWaitTimeSeconds", ["0"]), ("MaximumMessageSize", ["1024", "1048576"]),
    ("MessageRetentionPeriod", ["600"]), ("SqsManagedSseEnabled", ["false", "true"]),
    ("Policy", ['{"Version": "2012-10-17", "Statement": []}', ""]),
]
SETTINGS = [
    ("VisibilityTimeout", ["0", "1", "600", "43200", "-1", "43201", "many", ""]),
    ("DelaySeconds", ["0", "1", "900", "-1", "901", "1.5"]),
    ("MessageRetentionPeriod", ["60", "1209600", "59", "1209601"]),
    ("ReceiveMessageWaitTimeSeconds", ["0", "20", "-1", "21"]),
    ("MaximumMessageSize", ["1024", "1048576", "1023", "1048577"]),
    ("ContentBasedDeduplication", ["true", "false", "maybe"]),
    ("FifoQueue", ["true", "false"]),
    ("Policy", ['{"Version": "2012-10-17", "Statement": []}', ""]),
    ("SqsManagedSseEnabled", ["false", "true"]),
    ("KmsMasterKeyId", ["alias/aws/sqs", ""]),
    ("QueueArn", ["arn:aws:sqs:us-east-1:123456789012:other"]),
    ("Colour", ["blue"]),
]


class Generator:
    """Makes the history of one seed."""

    def __init__(self, seed):
        self.seed = seed
        self.numbers = random.Random(seed)
        self.is_fifo = self.numbers.random() < 0.35
        self.content_based = self.is_fifo and self.numbers.random() < 0.5
        self.messages, self.groups, self.steps = [], {}, []
        self.mistakes = False

    def chance(self, share):
        return self.numbers.random() < share

    def one_of(self, *values):
        return self.numbers.choice(values)

    def add(self, operation, parameters=None, case="plain"):
        self.steps.append(Step(operation, parameters or {}, case, self.mistakes))

    def history(self):
        self.create()
        operations = {
            self.send: 24, self.send_batch: 9, self.receive: 24, self.delete: 11,
            self.delete_batch: 5, self.change_visibility: 13, self.change_visibilities: 4,
            self.pause: 11, self.get_attributes: 5, self.set_attributes: 4, self.purge: 1,
            self.redrive: 3, self.look: 3, self.wait: 2, self.empty_main: 2,
            self.set_redrive_allow: 2, self.delete_queue: 1,
        }
        for _ in range(self.numbers.randrange(25, 50)):
            self.numbers.choices(list(operations), operations.values())[0]()
        # What is left tells whether anything was lost or doubled.
        for queue in ("main", "dead"):
            self.pause()
            self.get_attributes("All", queue)
            self.receive_all(queue)
        self.make_mistakes()
        return self.steps

    def make_mistakes(self):
        self.pause()
        self.mistakes = True
        operations = [
            self.send, self.send, self.send, self.send_batch, self.send_batch, self.receive,
            self.receive, self.delete, self.delete_batch, self.change_visibility,
            self.change_visibilities, self.set_attributes, self.set_attributes, self.look,
            self.redrive, self.wrong_queue, self.get_attributes, self.set_redrive_allow,
            self.set_redrive_allow,
        ]
        for _ in range(16):
            self.one_of(*operations)()
        # A queue that is gone leaves little to compare.
        self.delete_queue()
        for _ in range(4):
            self.one_of(*operations)()

    def create(self):
        fifo = {"FifoQueue": "true"} if self.is_fifo else {}
        # The default of 30 seconds would end at some pause, on one server before another.
        long = fifo | {"VisibilityTimeout": str(LONG)}
        self.add("CreateQueue", {"QueueName": Reference("name", "dead"), "Attributes": long})
        self.add("CreateQueue", {"QueueName": Reference("name", "other"), "Attributes": long})
        main = dict(long)
        if self.content_based:
            main["ContentBasedDeduplication"] = "true"
        if self.chance(0.6):
            main["VisibilityTimeout"] = str(self.one_of(SHORT, SHORT, LONG, 0))
        if self.chance(0.2):
            main["DelaySeconds"] = str(SHORT)
        if self.chance(0.3):
            main["MaximumMessageSize"] = "1024"
        self.add("CreateQueue", {"QueueName": Reference("name", "main"), "Attributes": main})
        if self.chance(0.6):
            self.set_redrive(self.numbers.randrange(1, 4))

    def set_redrive(self, count):
        policy = {"deadLetterTargetArn": Reference("arn", "dead"), "maxReceiveCount": count}
        parameters = {"QueueUrl": url("main"), "Attributes": {"RedrivePolicy": policy}}
        self.add("SetQueueAttributes", parameters, f"RedrivePolicy with {count} receives")

    def queue(self):
        return "dead" if self.chance(0.12) else "main"

    def message(self, is_valid=False):
        """Returns a message and what is special about it."""
        is_valid = is_valid or not self.mistakes
        label = self.messages_label()
        message, case = {"MessageBody": label}, []
        if not is_valid and self.chance(0.3):
            body, what = self.one_of(
                ("", "an empty body"), (None, "no body"), ("\x01", "a control character"),
                ("\ufffe", "U+FFFE"), (f"{label} \t\r\n ä 😀 \u202e", "unusual characters"),
                (label + "x" * (1024 - len(label)), "1024 bytes"),
                (label + "x" * (1025 - len(label)), "1025 bytes"),
                (label + "ä" * 600, "1200 bytes in 600 characters"),
            )
            message["MessageBody"] = body
            if body is None:
                del message["MessageBody"]
            case.append(what)
        if self.chance(0.25):
            what = self.one_of(*VALID_ATTRIBUTES) if is_valid else (
                self.one_of(*ATTRIBUTES)
            )
            message["MessageAttributes"] = ATTRIBUTES[what]
            case.append(f"attributes: {what}")
        if self.chance(0.06):
            message["MessageSystemAttributes"] = {"AWSTraceHeader": TRACE_HEADER}
            case.append("a trace header")
        if self.chance(0.12 if not self.is_fifo else 0.04):
            delay = self.one_of(0, SHORT, SHORT) if is_valid else (
                self.one_of(0, SHORT, SHORT, 900, -1, 901)
            )
            message["DelaySeconds"] = delay
            case.append(f"DelaySeconds {delay}")
        self.add_fifo_ids(message, case, is_valid)
        self.messages.append(label)
        return message, ", ".join(case) or "plain"

    def add_fifo_ids(self, message, case, is_valid):
        if self.is_fifo or not is_valid and self.chance(0.04):
            group = self.one_of("g1", "g2", "g3")
            if not is_valid and self.chance(0.2):
                group, what = self.one_of(
                    ("a b", "a group with a space"), ("g" * 129, "a long group"), ("", "no group"),
                )
                case.append(what)
            message["MessageGroupId"] = self.groups[self.messages_label()] = group
            if not self.is_fifo:
                case.append("a group")
        if self.is_fifo or not is_valid and self.chance(0.02):
            is_missing = self.chance(0.6 if self.content_based else 0.1 if self.mistakes else 0)
            if is_missing:
                case.append("no deduplication id")
                return
            message["MessageDeduplicationId"] = f"d{self.numbers.randrange(12)}"
            if not is_valid and self.chance(0.1):
                message["MessageDeduplicationId"] = "a b"
                case.append("a deduplication id with a space")
            if not self.is_fifo:
                case.append("a deduplication id")

    def messages_label(self):
        """The label of the message that is being made."""
        return f"m{len(self.messages)}"

    def send(self):
        message, case = self.message()
        self.add("SendMessage", {"QueueUrl": url(self.queue())} | message, case)

    def send_batch(self):
        case = "plain"
        entries = [self.message(self.chance(0.8)) for _ in range(self.numbers.randrange(1, 6))]
        cases = [case for _, case in entries if case != "plain"]
        entries = batches([message for message, _ in entries])
        if self.mistakes and self.chance(0.6):
            entries, case = self.one_of(
                ([], "no entries"), (entries + entries, "repeated ids"),
                ([entry | {"Id": "a b"} for entry in entries[:1]], "an id with a space"),
                ([entry | {"Id": ""} for entry in entries[:1]], "an empty id"),
                (batches([self.message(True)[0] for _ in range(11)]), "eleven entries"),
            )
        elif cases:
            case = "; ".join(cases)
        self.add("SendMessageBatch", {"QueueUrl": url(self.queue()), "Entries": entries}, case)

    def receive(self):
        # Standard queues have no order, so a few of many messages say little.
        limit = self.one_of(1, 2, 3) if self.chance(0.1) else 10
        parameters, case = {"MaxNumberOfMessages": limit}, []
        if self.mistakes and self.chance(0.4):
            limit = self.one_of(0, -1, 11)
            parameters["MaxNumberOfMessages"] = limit
            case.append(f"{limit} messages")
        if self.chance(0.35):
            timeout = self.one_of(-1, 43201) if self.mistakes else (
                self.one_of(0, SHORT, SHORT, SHORT, LONG)
            )
            parameters["VisibilityTimeout"] = timeout
            case.append(f"VisibilityTimeout {timeout}")
        if self.mistakes and self.chance(0.3):
            wait = self.one_of(0, -1, 21)
            parameters["WaitTimeSeconds"] = wait
            case.append(f"WaitTimeSeconds {wait}")
        self.add_names(parameters, case)
        parameters["QueueUrl"] = url(self.queue())
        self.add("ReceiveMessage", parameters, ", ".join(case) or "plain")

    def add_names(self, parameters, case):
        name = self.one_of("AttributeNames", "MessageSystemAttributeNames")
        names = self.one_of(
            ["All"], ["All"], ["ApproximateReceiveCount", "SentTimestamp"], [], ["AWSTraceHeader"],
            ["DeadLetterQueueSourceArn"], ["Colour"],
        )
        if names:
            parameters[name] = names
            case.append(f"{name} {' '.join(names)}")
        if self.chance(0.5):
            names = self.one_of(
                ["All"], [".*"], ["Name"], ["Pre.*"], ["Pre.a", "Count"], ["Unknown"], ["Na*"], [],
            )
            parameters["MessageAttributeNames"] = names
            case.append(f"MessageAttributeNames {' '.join(names)}")

    def receive_all(self, queue):
        parameters = {
            "QueueUrl": url(queue), "MaxNumberOfMessages": 10, "VisibilityTimeout": LONG,
            "AttributeNames": ["All"], "MessageAttributeNames": ["All"],
        }
        for _ in range(3):
            self.add("ReceiveMessage", parameters, "the rest")

    def empty_main(self):
        self.add("ReceiveMessage", {
            "QueueUrl": url("main"), "MaxNumberOfMessages": 10, "VisibilityTimeout": LONG,
        }, "ten for long")

    def handle(self):
        """Returns a receipt handle and what is special about it."""
        if self.chance(0.1) or not self.messages:
            strange = [("", "an empty handle"), (None, "no handle")] if self.mistakes else []
            return self.one_of(
                *strange,
                ("garbage", "garbage"),
                ("AQEB" + "1" * 40, "a handle of no message"),
            )
        label = self.one_of(*self.messages[-12:])
        which = "first" if self.chance(0.2) else "latest"
        return Reference("handle", label, which), f"the {which} handle"

    def delete(self):
        handle, case = self.handle()
        queue = self.one_of("main", "main", "main", "main", "dead", "other")
        self.add("DeleteMessage", self.with_handle(queue, handle), f"{case} at {queue}")

    @staticmethod
    def with_handle(queue, handle):
        parameters = {"QueueUrl": url(queue)} if queue else {}
        return parameters | ({} if handle is None else {"ReceiptHandle": handle})

    def delete_batch(self):
        given = [self.handle() for _ in range(self.numbers.randrange(1, 5))]
        entries = batches([self.with_handle(None, handle) for handle, _ in given])
        case = ", ".join(sorted({case for _, case in given}))
        self.add("DeleteMessageBatch", {"QueueUrl": url("main"), "Entries": entries}, case)

    def timeout(self):
        if self.mistakes:
            return self.one_of(43200, -1, 43201)
        return self.one_of(0, 0, SHORT, SHORT, LONG)

    def change_visibility(self):
        handle, case = self.handle()
        queue = self.one_of("main", "main", "main", "main", "dead", "other")
        parameters, timeout = self.with_handle(queue, handle), self.timeout()
        if not self.mistakes or self.chance(0.8):
            parameters["VisibilityTimeout"] = timeout
            case += f", timeout {timeout}"
        self.add("ChangeMessageVisibility", parameters, f"{case} at {queue}")

    def change_visibilities(self):
        given = [self.handle() for _ in range(self.numbers.randrange(1, 5))]
        entries = [
            self.with_handle(None, handle) | {"VisibilityTimeout": self.timeout()}
            for handle, _ in given
        ]
        timeouts = {f"timeout {entry['VisibilityTimeout']}" for entry in entries}
        case = ", ".join(sorted({case for _, case in given}) + sorted(timeouts))
        parameters = {"QueueUrl": url("main"), "Entries": batches(entries)}
        self.add("ChangeMessageVisibilityBatch", parameters, case)

    def pause(self):
        self.add("pause")

    def wait(self):
        """Waits with a receive. Before, all short timeouts end."""
        self.pause()
        parameters = {
            "QueueUrl": url("main"), "WaitTimeSeconds": 3, "MaxNumberOfMessages": 10,
            "VisibilityTimeout": LONG,
        }
        self.add("ReceiveMessage", parameters, "a wait")

    def get_attributes(self, name=None, queue=None):
        name = name or self.one_of("All", "All", "VisibilityTimeout", "RedrivePolicy", "Colour", "")
        names = {"AttributeNames": [name]} if name else {}
        case = name or "no names"
        self.add("GetQueueAttributes", {"QueueUrl": url(queue or self.queue())} | names, case)

    def set_attributes(self):
        if self.chance(0.4):
            strange = [0, 1001, "2", "many"] if self.mistakes else []
            self.set_redrive(self.one_of(1, 2, 3, 1000, *strange))
            return
        name, values = self.one_of(*(SETTINGS if self.mistakes else VALID_SETTINGS))
        value = self.one_of(*values)
        parameters = {"QueueUrl": url("main"), "Attributes": {name: value}}
        self.add("SetQueueAttributes", parameters, f"{name} {value or '(empty)'}")

    def set_redrive_allow(self):
        """Sets which queues may have `dead` as their dead-letter queue."""
        main, other = Reference("arn", "main"), Reference("arn", "other")
        policies = [
            ({"redrivePermission": "allowAll"}, "all"),
            ({"redrivePermission": "byQueue", "sourceQueueArns": [main]}, "main"),
            ({"redrivePermission": "byQueue", "sourceQueueArns": [other, main]}, "both"),
            ("", "(empty)"),
        ]
        if self.mistakes:
            policies += [
                ({"redrivePermission": "denyAll"}, "none"),
                ({"redrivePermission": "byQueue", "sourceQueueArns": [other]}, "other"),
                ({"redrivePermission": "byQueue"}, "no queue"),
                ({"redrivePermission": "byQueue", "sourceQueueArns": [main] * 11}, "eleven"),
                ({"redrivePermission": "denyAll", "sourceQueueArns": [main]}, "none, but main"),
                ({"redrivePermission": "some"}, "an unknown permission"),
                ("text", "no JSON"),
            ]
        policy, case = self.one_of(*policies)
        parameters = {"QueueUrl": url("dead"), "Attributes": {"RedriveAllowPolicy": policy}}
        self.add("SetQueueAttributes", parameters, f"RedriveAllowPolicy {case}")

    def delete_queue(self):
        """Deletes a queue that nothing depends on, or else any queue."""
        name = self.one_of("main", "dead", "other", "missing") if self.mistakes else "other"
        self.add("DeleteQueue", {"QueueUrl": url(name)}, name)
        if self.mistakes:
            fifo = {"FifoQueue": "true"} if self.is_fifo else {}
            parameters = {"QueueName": Reference("name", name), "Attributes": fifo}
            if name != "missing":
                self.add("CreateQueue", parameters, f"{name} after its deletion")

    def purge(self):
        self.add("PurgeQueue", {"QueueUrl": url("main")})

    def redrive(self):
        strange = ["main", "missing"] if self.mistakes else []
        source = Reference("arn", self.one_of("dead", *strange))
        case = f"from {source.name}"
        parameters = {"SourceArn": source}
        if self.chance(0.4):
            target = self.one_of("main", "other", *strange[1:])
            parameters["DestinationArn"] = Reference("arn", target)
            case += f" to {target}"
        if self.mistakes and self.chance(0.5):
            rate = self.one_of(0, 500, 501)
            parameters["MaxNumberOfMessagesPerSecond"] = rate
            case += f", {rate} per second"
        self.add("StartMessageMoveTask", parameters, case)
        self.pause()
        strange = [{"MaxResults": 0}, {"MaxResults": 11}] if self.mistakes else []
        results = self.one_of({}, {"MaxResults": 10}, *strange)
        self.add("ListMessageMoveTasks", {"SourceArn": source} | results, json.dumps(results))

    def look(self):
        match self.numbers.randrange(3 if not self.mistakes else 5):
            case 0:
                name = self.one_of("main", "missing")
                self.add("GetQueueUrl", {"QueueName": Reference("name", name)}, name)
            case 1:
                self.add("ListQueues", {"QueueNamePrefix": Reference("prefix", "")})
            case 2:
                name = self.one_of("main", "dead")
                self.add("ListDeadLetterSourceQueues", {"QueueUrl": url(name)}, name)
            case 3:
                fifo = {"FifoQueue": "true"} if self.is_fifo else {}
                extra = self.one_of({}, {"DelaySeconds": "7"}, {"VisibilityTimeout": "43201"})
                parameters = {"QueueName": Reference("name", "dead"), "Attributes": fifo | extra}
                self.add("CreateQueue", parameters, f"again, {json.dumps(extra)}")
            case _:
                name = self.one_of("a b", "", "n" * 81, "a.fifo")
                case = f"the name `{name[:10]}`"
                self.add("CreateQueue", {"QueueName": name}, case)

    def wrong_queue(self):
        operation = self.one_of(
            "SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "PurgeQueue",
            "ChangeMessageVisibility", "SetQueueAttributes", "SendMessageBatch", "DeleteQueue",
        )
        parameters = {
            "SendMessage": {"MessageBody": "x"},
            "DeleteMessage": {"ReceiptHandle": "garbage"},
            "ChangeMessageVisibility": {"ReceiptHandle": "garbage", "VisibilityTimeout": 0},
            "SetQueueAttributes": {"Attributes": {"DelaySeconds": "1"}},
            "SendMessageBatch": {"Entries": [{"Id": "1", "MessageBody": "x"}]},
        }.get(operation, {})
        case = self.one_of("a missing queue", "no URL")
        if case == "a missing queue":
            parameters["QueueUrl"] = url("missing")
        self.add(operation, parameters, case)
