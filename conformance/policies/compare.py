"""Compares our evaluation of SNS filter policies with that of another SNS server.

Usage: compare.py localstack|ministack ENDPOINT CASES

CASES is the output of the example program `filter_policy_cases` of the package
s3-dispatch-testing. Each policy gets a topic with two raw subscriptions: one queue subscribes with
the policy, the other without. The second queue shows when all bodies have arrived. The script
prints each kind of known deviation with its count and one example. The exit status is 1 if there is
any other difference.
"""

import json
import sys
import time
from collections import defaultdict

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

PATIENCE = 120
# Seconds to wait for messages that should not arrive.
SILENCE = 3


class Case:
    """A body that one side passes and the other rejects."""

    def __init__(self, policy, body, is_let_through, has_failed):
        self.is_let_through, self.has_failed = is_let_through, has_failed
        self.texts = f"policy {policy}\n       body   {body}"
        self.conditions = list(conditions(json.loads(policy)))
        try:
            self.values = list(values(json.loads(body)))
        except ValueError:
            self.values = []

    def has_condition(self, *conditions):
        return any(condition in self.conditions for condition in conditions)

    def has_operator(self, *operators):
        return any(isinstance(one, dict) and set(operators) & set(one) for one in self.conditions)

    def has_value(self, is_such):
        return any(map(is_such, self.values))


def conditions(policy):
    """Yields all conditions of a policy, at every level."""
    for name, value in policy.items():
        if isinstance(value, dict):
            yield from conditions(value)
        elif name == "$or":
            for alternative in value:
                yield from conditions(alternative)
        else:
            yield from value


def values(document):
    """Yields the document and every value inside it."""
    yield document
    members = (
        document.values()
        if isinstance(document, dict)
        else document
        if isinstance(document, list)
        else []
    )
    for member in members:
        yield from values(member)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TEXT_OPERATORS = ("prefix", "suffix", "equals-ignore-case")

# The known deviations of each server: what the server does, why we do not follow it, and a
# predicate for the cases that it may explain.
DEVIATIONS = {
    "localstack": [
        (
            "treats `true` as 1, as Python does; in JSON they are different values",
            lambda case: (
                (
                    case.has_value(lambda value: value is True)
                    and any(
                        is_number(one) and one == 1 or excludes_one(one) for one in case.conditions
                    )
                )
                or (
                    case.has_value(lambda value: is_number(value) and value == 1)
                    and any(one is True for one in case.conditions)
                )
            ),
        ),
        (
            "ignores an empty operand; every string starts and ends with the empty string",
            lambda case: any(
                isinstance(one, dict) and "" in one.values() for one in case.conditions
            ),
        ),
        (
            "fails with status 500 if a string operator meets another type, even if another"
            " condition would match",
            lambda case: (
                case.has_failed
                and (
                    case.has_operator(*TEXT_OPERATORS) or any(map(excludes_prefix, case.conditions))
                )
                and case.has_value(lambda value: is_number(value) or isinstance(value, bool))
            ),
        ),
    ],
    "ministack": [
        (
            "treats null as absent; AWS has conditions on null",
            lambda case: (
                case.has_value(lambda value: value is None)
                and (case.has_operator("exists") or any(one is None for one in case.conditions))
            ),
        ),
        (
            "does not treat a field as absent if its object is absent or the message is empty",
            lambda case: case.is_let_through and case.has_condition({"exists": False}),
        ),
        (
            "finds a field that holds an empty array or an object; AWS looks only at values",
            lambda case: (
                case.has_operator("exists", "anything-but")
                and case.has_value(lambda value: value == [] or isinstance(value, dict))
            ),
        ),
    ],
}

# Policies that LocalStack accepts and we reject.
ACCEPTED = {
    "[]": "treats an empty array as no policy",
    '{"a":{}}': "treats an empty object as no condition",
    '{"a":{"b":[1],"c":[1],"d":[1],"e":[1],"f":[1],"g":[1]}}': "counts top keys, not leaf keys",
    '{"$or":[{"a":["x"]}]}': "accepts an `$or` with a single alternative",
}


def excludes_one(condition):
    excluded = condition.get("anything-but") if isinstance(condition, dict) else None
    return any(
        is_number(one) and one == 1
        for one in (excluded if isinstance(excluded, list) else [excluded])
    )


def excludes_prefix(condition):
    return isinstance(condition, dict) and isinstance(condition.get("anything-but"), dict)


class Server:
    def __init__(self, endpoint):
        # A retried request could cause a second message.
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        session = boto3.Session("test", "test", region_name="us-east-1")
        self.sns, self.sqs = (
            session.client(name, endpoint_url=endpoint, config=config) for name in ("sns", "sqs")
        )
        self.chosen, self.all = self.add_queue("chosen"), self.add_queue("all")
        self.topics = 0

    def add_queue(self, name):
        url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        return url, attributes["QueueArn"]

    def add_topic(self, policy):
        """Returns the topic, or None if the server rejects the policy."""
        self.topics += 1
        topic = self.sns.create_topic(Name=f"topic-{self.topics}")["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        filtered = raw | {"FilterPolicyScope": "MessageBody", "FilterPolicy": policy}
        try:
            self.sns.subscribe(
                TopicArn=topic, Protocol="sqs", Endpoint=self.chosen[1], Attributes=filtered
            )
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status != 400:
                print(f"the server answered status {status} to the policy {policy}")
            return None
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=self.all[1], Attributes=raw)
        return topic

    def publish(self, topic, number, body):
        """Publishes a body and returns whether that succeeds.

        The number travels as a message attribute, where no filter policy on bodies sees it.
        """
        attributes = {"number": {"DataType": "String", "StringValue": str(number)}}
        try:
            self.sns.publish(TopicArn=topic, Message=body, MessageAttributes=attributes)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            return False
        return True

    def receive(self, queue):
        url, _ = queue
        received = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages = received.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [
            (int(message["MessageAttributes"]["number"]["StringValue"]), message["Body"])
            for message in messages
        ]

    def arrivals(self, expected):
        """Waits for every message that is expected without a policy, and returns those that arrived
        with one."""
        chosen, everything, last = [], set(), time.monotonic()
        deadline = last + PATIENCE
        while time.monotonic() < deadline:
            everything.update(self.receive(self.all))
            if found := self.receive(self.chosen):
                chosen += found
                last = time.monotonic()
            elif not expected <= {number for number, _ in everything}:
                last = time.monotonic()
            elif time.monotonic() - last > SILENCE:
                return chosen
            else:
                time.sleep(0.1)
        sys.exit(f"only {len(everything)} of {len(expected)} messages arrived without a policy")


def main(name, endpoint, path):
    server = Server(endpoint)
    with open(path, encoding="utf-8") as file:
        cases = [json.loads(line) for line in file]
    known, others, pairs, refused = defaultdict(list), [], [], 0
    for case in cases:
        policy = case["policy"]
        # MiniStack accepts any policy.
        if "refusal" in case and name == "ministack":
            continue
        topic = server.add_topic(policy)
        if "refusal" in case:
            if topic is None:
                refused += 1
            elif policy in ACCEPTED:
                known[ACCEPTED[policy]].append(f"policy {policy}")
            else:
                others.append(f"accepted the policy {policy}, which we reject: {case['refusal']}")
        elif topic is None:
            others.append(f"rejected the policy {policy}")
        else:
            pairs += [
                (topic, policy, body["body"], body["is_let_through"]) for body in case["bodies"]
            ]
    failed = {
        number
        for number, (topic, _, body, _) in enumerate(pairs)
        if not server.publish(topic, number, body)
    }
    arrived = server.arrivals(set(range(len(pairs))) - failed)
    if len(arrived) != len(set(arrived)):
        others.append("a message arrived twice")
    arrived = set(arrived)
    for number, (_, policy, body, is_let_through) in enumerate(pairs):
        if ((number, body) in arrived) == is_let_through:
            continue
        case = Case(policy, body, is_let_through, number in failed)
        reason = next((reason for reason, is_true_of in DEVIATIONS[name] if is_true_of(case)), None)
        texts = f"{case.texts}\n       ours   {'passed' if is_let_through else 'rejected'}"
        known[reason].append(texts) if reason else others.append(texts)
    ours = sum(is_let_through for *_, is_let_through in pairs)
    print(f"{name}: {len(pairs)} pairs of policy and body; we pass {ours}, {name} {len(arrived)}")
    if failed:
        print(f"{name}: failed on {len(failed)} of them, which counts as rejected")
    if name != "ministack":
        print(f"{name}: {refused} policies rejected by both")
    for reason, examples in known.items():
        print(f"known  {len(examples)}: {name} {reason}; for example\n       {examples[0]}")
    for other in others:
        print(f"FAIL   {other}")
    print(
        f"{name}: {sum(map(len, known.values()))} known deviations, {len(others)} other differences"
    )
    return 1 if others else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
