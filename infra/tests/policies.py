"""Tests who may do what under the policies of a planned pipeline. No emulator enforces them.

Reads the output of `terraform test -json -verbose`, or a template for CloudFormation, and evaluates
every policy in the state of one run, or in the stack, as IAM does: a matching Deny wins, otherwise
a matching Allow is needed ("Policy evaluation logic", AWS Identity and Access Management User
Guide). An unknown operator fails the test.

    python3 infra/tests/policies.py FILE RUN
    python3 infra/tests/policies.py TEMPLATE PARTITION [PARAMETER=VALUE]...
"""

import fnmatch
import json
import sys
import unittest

ACCOUNT = "123456789012"
ONLY_TLS = {"Bool": {"aws:SecureTransport": "false"}}
STATE = {}
OUTPUTS = {}
# The fewest processors. A template may have one.
FEWEST = 2

# What is true of the runs whose states are tested: the partition, the account of the bucket, and
# whether the key names its source.
CASES = {
    "five_processors": ("aws", ACCOUNT, True),
    "existing_bucket_and_key": ("aws-us-gov", "210987654321", False),
    "china": ("aws-cn", ACCOUNT, False),
    "queues": ("aws-us-gov", ACCOUNT, True),
}


def load(path, run):
    with open(path) as lines:
        states = [
            event["test_state"]
            for event in map(json.loads, lines)
            if event["type"] == "test_state" and event["@testrun"] == run
        ]
    assert len(states) == 1, f"{len(states)} states of {run} in {path}"
    global PARTITION, BUCKET_ACCOUNT, KEY_NAMES_ITS_SOURCE, ROOT
    PARTITION, BUCKET_ACCOUNT, KEY_NAMES_ITS_SOURCE = CASES[run]
    ROOT = f"AWS:arn:{PARTITION}:iam::{ACCOUNT}:root"
    OUTPUTS.update({name: output["value"] for name, output in states[0]["outputs"].items()})
    remember(states[0]["root_module"]["resources"])


def load_template(path, partition, parameters):
    # Only these need a parser of YAML.
    import template_state
    from stack import Stack

    global PARTITION, BUCKET_ACCOUNT, KEY_NAMES_ITS_SOURCE, ROOT, FEWEST
    FEWEST = 1
    stack = Stack.read(path, partition=partition, **parameters)
    PARTITION, KEY_NAMES_ITS_SOURCE = partition, True
    BUCKET_ACCOUNT = parameters.get("BucketAccount") or ACCOUNT
    ROOT = f"AWS:arn:{PARTITION}:iam::{ACCOUNT}:root"
    OUTPUTS.update(template_state.outputs(stack))
    remember(template_state.state(stack))


def remember(found):
    for resource in found:
        name = (resource["type"], resource["name"])
        STATE.setdefault(name, {})[resource.get("index")] = resource["values"]


def resources(kind, name):
    """Returns all instances of a resource, keyed by processor."""
    return STATE.get((kind, name), {})


def one(kind, name):
    (instance,) = resources(kind, name).values()
    return instance


def sender(processor):
    """Returns the service and the resource that may send to the queues of a processor."""
    rule = resources("aws_cloudwatch_event_rule", "processor").get(processor)
    if rule:
        return "events.amazonaws.com", rule["arn"]
    return "sns.amazonaws.com", OUTPUTS["topic_arn"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def documents():
    """Yields the address and the content of every policy document in the state."""
    for (kind, name), instances in STATE.items():
        for index, values in instances.items():
            for attribute in ("policy", "assume_role_policy"):
                if values.get(attribute):
                    yield f"{kind}.{name}[{index}].{attribute}", json.loads(values[attribute])


def statements():
    for address, document in documents():
        for statement in document["Statement"]:
            yield f"{address} {statement['Sid']}", statement


def matches(pattern, text):
    return fnmatch.fnmatchcase(text, pattern)


def principal_matches(principal, caller):
    if principal == "*":
        return True
    return any(
        caller == f"{kind}:{name}" for kind, names in principal.items() for name in as_list(names)
    )


def conditions_match(conditions, context):
    for operator, keys in conditions.items():
        for key, values in keys.items():
            found = context.get(key)
            if operator in ("StringEquals", "Bool"):
                met = found in as_list(values)
            elif operator == "ArnEquals":
                met = found is not None and any(matches(value, found) for value in as_list(values))
            else:
                raise NotImplementedError(f"the operator {operator}")
            if not met:
                return False
    return True


def decision(document, action, resource, caller=None, tls=True, **context):
    """Returns "Allow", "Deny" or None if no statement applies. A role's policy has no caller."""
    context = {key.replace("__", ":"): value for key, value in context.items()}
    context["aws:SecureTransport"] = "true" if tls else "false"
    effects = set()
    for statement in json.loads(document)["Statement"]:
        if (
            (caller is None or principal_matches(statement["Principal"], caller))
            and any(matches(pattern, action) for pattern in as_list(statement["Action"]))
            and any(matches(pattern, resource) for pattern in as_list(statement["Resource"]))
            and conditions_match(statement.get("Condition", {}), context)
        ):
            effects.add(statement["Effect"])
    return "Deny" if "Deny" in effects else "Allow" if "Allow" in effects else None


class Every(unittest.TestCase):
    """Rules for every statement of every policy."""

    def test_there_are_policies(self):
        # The topic, the buckets and the key if they are new, for each processor three queues, for
        # each function a role and its trust policy, and for each worker its policies.
        buckets = sum(
            len(resources("aws_s3_bucket", name)) for name in ("objects", "artefacts")
        )
        topics = len(resources("aws_sns_topic", "events"))
        keys = len(resources("aws_kms_key", "topic"))
        processors = len(resources("aws_sqs_queue", "main"))
        self.assertGreaterEqual(processors, FEWEST)
        functions = len(resources("aws_iam_role", "function"))
        workers = len(resources("aws_iam_policy", "worker"))
        self.assertEqual(functions + workers, processors)
        objects = len(resources("aws_iam_policy", "worker_objects"))
        self.assertEqual(
            len(list(documents())),
            topics + buckets + keys + 3 * processors + 2 * functions + workers + objects,
        )

    def test_a_wildcard_principal_appears_only_to_deny_requests_without_tls(self):
        for address, statement in statements():
            with self.subTest(address):
                principal = statement.get("Principal")
                if principal == "*" or "*" in as_list((principal or {}).get("AWS", [])):
                    self.assertEqual(
                        (statement["Effect"], statement["Condition"]), ("Deny", ONLY_TLS)
                    )

    def test_no_statement_uses_a_negated_element(self):
        for address, statement in statements():
            with self.subTest(address):
                self.assertFalse({"NotAction", "NotResource", "NotPrincipal"} & set(statement))

    def test_no_allowed_action_is_a_pattern(self):
        for address, statement in statements():
            with self.subTest(address):
                if statement["Effect"] == "Allow" and statement["Sid"] != "ManagedByTheAccount":
                    self.assertFalse(
                        [action for action in as_list(statement["Action"]) if "*" in action]
                    )

    def test_no_allowed_resource_is_a_pattern(self):
        # In a key policy `*` is the key itself, a log group's streams need a pattern, and handlers
        # declare prefixes of objects.
        others = ("aws_kms_key.", "aws_iam_policy.worker_objects")
        groups = {
            f"{group['arn']}:*"
            for group in resources("aws_cloudwatch_log_group", "function").values()
        }
        for address, statement in statements():
            with self.subTest(address):
                if statement["Effect"] == "Allow" and not address.startswith(others):
                    patterns = {
                        name for name in as_list(statement.get("Resource", [])) if "*" in name
                    }
                    self.assertLessEqual(patterns, groups)

    def test_services_act_only_for_our_resources(self):
        rules = resources("aws_cloudwatch_event_rule", "processor").values()
        sources = {OUTPUTS["bucket_arn"], OUTPUTS["topic_arn"], *(rule["arn"] for rule in rules)}
        for address, statement in statements():
            with self.subTest(address):
                service = (
                    (statement.get("Principal") or {}).get("Service")
                    if statement["Effect"] == "Allow"
                    else None
                )
                if address.startswith("aws_kms_key.") and not KEY_NAMES_ITS_SOURCE:
                    continue
                if service and service != "lambda.amazonaws.com":
                    self.assertIn(statement["Condition"]["ArnEquals"]["aws:SourceArn"], sources)

    def test_the_account_manages_only_the_key(self):
        accounts = [
            address
            for address, statement in statements()
            if "AWS" in (statement.get("Principal") or "")
        ]
        self.assertEqual(
            accounts,
            [
                f"aws_kms_key.topic[{index}].policy ManagedByTheAccount"
                for index in resources("aws_kms_key", "topic")
            ],
        )


class Buckets(unittest.TestCase):
    def test_nobody_has_access_without_tls(self):
        for name in resources("aws_s3_bucket_policy", "all"):
            arn = one("aws_s3_bucket", name)["arn"]
            policy = resources("aws_s3_bucket_policy", "all")[name]
            self.assertEqual(policy["bucket"], one("aws_s3_bucket", name)["id"])
            for action, resource in (("s3:GetObject", f"{arn}/key"), ("s3:ListBucket", arn)):
                for caller in ("AWS:anybody", ROOT):
                    with self.subTest(name=name, action=action, caller=caller):
                        self.assertEqual(
                            decision(policy["policy"], action, resource, caller, tls=False), "Deny"
                        )
                        self.assertIsNone(decision(policy["policy"], action, resource, caller))


class Topic(unittest.TestCase):
    def setUp(self):
        if not resources("aws_sns_topic_policy", "events"):
            self.skipTest("there is no topic, or it exists already")
        self.topic = OUTPUTS["topic_arn"]
        self.policy = one("aws_sns_topic_policy", "events")
        self.ours = {
            "aws__SourceArn": OUTPUTS["bucket_arn"],
            "aws__SourceAccount": BUCKET_ACCOUNT,
        }

    def asked(self, action="sns:Publish", caller="Service:s3.amazonaws.com", tls=True, **context):
        return decision(
            self.policy["policy"], action, self.topic, caller, tls, **(self.ours | context)
        )

    def test_the_bucket_may_publish(self):
        self.assertEqual(self.policy["arn"], self.topic)
        self.assertEqual(self.asked(), "Allow")

    def test_no_other_bucket_may_publish(self):
        self.assertIsNone(self.asked(aws__SourceArn="arn:aws:s3:::another"))
        for artefacts in resources("aws_s3_bucket", "artefacts").values():
            self.assertIsNone(self.asked(aws__SourceArn=artefacts["arn"]))

    def test_a_bucket_of_the_same_name_in_another_account_may_not_publish(self):
        self.assertIsNone(self.asked(aws__SourceAccount="999999999999"))

    def test_nobody_may_publish_without_tls(self):
        self.assertEqual(self.asked(tls=False), "Deny")

    def test_nobody_else_may_publish(self):
        for caller in (
            "AWS:anybody",
            "Service:events.amazonaws.com",
            "AWS:arn:aws:iam::999999999999:root",
        ):
            self.assertIsNone(self.asked(caller=caller), caller)

    def test_the_bucket_may_do_nothing_else(self):
        for action in (
            "sns:Subscribe",
            "sns:SetTopicAttributes",
            "sns:DeleteTopic",
            "sns:AddPermission",
        ):
            self.assertIsNone(self.asked(action), action)


class Key(unittest.TestCase):
    def setUp(self):
        if not resources("aws_kms_key", "topic"):
            self.skipTest("the key exists already")

    def asked(self, action, caller="Service:s3.amazonaws.com", **context):
        ours = {
            "aws__SourceArn": OUTPUTS["bucket_arn"],
            "aws__SourceAccount": BUCKET_ACCOUNT,
        }
        key = one("aws_kms_key", "topic")
        return decision(key["policy"], action, key["arn"], caller, **(ours | context))

    def test_the_bucket_may_encrypt_what_it_publishes(self):
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            self.assertEqual(self.asked(action), "Allow", action)

    def test_no_other_bucket_or_account_may_use_the_key(self):
        if not KEY_NAMES_ITS_SOURCE:
            self.skipTest("the key has no condition")
        for action in ("kms:GenerateDataKey", "kms:Decrypt"):
            self.assertIsNone(self.asked(action, aws__SourceArn="arn:aws:s3:::another"), action)
            self.assertIsNone(self.asked(action, aws__SourceAccount="999999999999"), action)

    def test_the_bucket_may_not_manage_the_key_and_nobody_else_may_use_it(self):
        for action in ("kms:ScheduleKeyDeletion", "kms:PutKeyPolicy", "kms:CreateGrant"):
            self.assertIsNone(self.asked(action), action)
        self.assertIsNone(self.asked("kms:Decrypt", "Service:sqs.amazonaws.com"))
        self.assertIsNone(self.asked("kms:Decrypt", "AWS:anybody"))

    def test_the_account_can_change_the_key_policy(self):
        self.assertEqual(
            self.asked("kms:PutKeyPolicy", ROOT), "Allow"
        )


class Queues(unittest.TestCase):
    """The source of a processor's queues is the topic or its rule."""

    def each(self, *kinds):
        for kind in kinds:
            for name, queue in resources("aws_sqs_queue", kind).items():
                with self.subTest(queue=queue["name"]):
                    policy = resources("aws_sqs_queue_policy", kind)[name]
                    self.assertEqual(policy["queue_url"], queue["url"])
                    service, ours = sender(name)

                    def asked(
                        action="sqs:SendMessage",
                        caller=f"Service:{service}",
                        source=ours,
                        tls=True,
                    ):
                        return decision(
                            policy["policy"],
                            action,
                            queue["arn"],
                            caller,
                            tls,
                            aws__SourceArn=source,
                        )

                    yield asked

    def test_the_source_may_send(self):
        for asked in self.each("main", "undelivered"):
            self.assertEqual(asked(), "Allow")

    def test_no_other_source_may_send(self):
        for asked in self.each("main", "undelivered"):
            self.assertIsNone(asked(source=f"arn:aws:sns:eu-central-1:{ACCOUNT}:another"))
            self.assertIsNone(asked(source=None))

    def test_nobody_else_may_send(self):
        for asked in self.each("main", "undelivered"):
            for caller in (
                "AWS:anybody",
                "Service:s3.amazonaws.com",
                "Service:lambda.amazonaws.com",
                ROOT,
            ):
                self.assertIsNone(asked(caller=caller), caller)

    def test_nobody_may_send_to_a_dead_letter_queue(self):
        for asked in self.each("dead_letters"):
            self.assertIsNone(asked())

    def test_the_source_may_do_nothing_else(self):
        for asked in self.each("main", "undelivered"):
            for action in (
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:PurgeQueue",
                "sqs:SetQueueAttributes",
            ):
                self.assertIsNone(asked(action), action)

    def test_nobody_may_do_anything_without_tls(self):
        for asked in self.each("main", "dead_letters", "undelivered"):
            for action in ("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"):
                self.assertEqual(asked(action, tls=False), "Deny", action)
                self.assertEqual(
                    asked(action, ROOT, tls=False), "Deny", action
                )

    def test_a_dead_letter_queue_accepts_only_its_own_main_queue(self):
        for name, policy in resources("aws_sqs_queue_redrive_allow_policy", "dead_letters").items():
            self.assertEqual(
                policy["queue_url"], resources("aws_sqs_queue", "dead_letters")[name]["url"]
            )
            sources = json.loads(policy["redrive_allow_policy"])["sourceQueueArns"]
            self.assertEqual(sources, [resources("aws_sqs_queue", "main")[name]["arn"]])


class Roles(unittest.TestCase):
    NEEDED = {
        "main": {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        },
        "dead_letters": {"sqs:SendMessage"},
        "undelivered": set(),
    }
    LOGGING = {"logs:CreateLogStream", "logs:PutLogEvents"}
    OTHERS = {
        "sqs:SendMessage",
        "sqs:PurgeQueue",
        "sqs:SetQueueAttributes",
        "logs:DeleteLogGroup",
        "logs:CreateLogGroup",
    }

    def policies(self):
        for name, policy in resources("aws_iam_role_policy", "function").items():
            self.assertEqual(policy["role"], resources("aws_iam_role", "function")[name]["name"])
            yield name, policy["policy"]

    def test_a_function_may_use_only_its_own_queues(self):
        queues = [
            (kind, name, queue["arn"])
            for kind in ("main", "dead_letters", "undelivered")
            for name, queue in resources("aws_sqs_queue", kind).items()
        ]
        for processor, policy in self.policies():
            for kind, name, arn in queues:
                for action in set().union(*self.NEEDED.values()) | self.OTHERS:
                    with self.subTest(processor=processor, action=action, queue=f"{name} {kind}"):
                        own = name == processor and action in self.NEEDED[kind]
                        self.assertEqual(decision(policy, action, arn), "Allow" if own else None)

    def test_a_function_may_log_only_to_its_own_group(self):
        for processor, policy in self.policies():
            for name, group in resources("aws_cloudwatch_log_group", "function").items():
                for action in self.LOGGING | self.OTHERS:
                    with self.subTest(processor=processor, action=action, group=name):
                        own = name == processor and action in self.LOGGING
                        stream = f"{group['arn']}:log-stream:2026/11/23/[$LATEST]0"
                        self.assertEqual(decision(policy, action, stream), "Allow" if own else None)

    def test_a_function_may_do_nothing_more(self):
        for processor, policy in self.policies():
            actions = {
                action
                for statement in json.loads(policy)["Statement"]
                for action in as_list(statement["Action"])
            }
            needed = set().union(*self.NEEDED.values())
            self.assertEqual(actions, needed | self.LOGGING, processor)

    def test_only_lambda_may_assume_a_role(self):
        for role in resources("aws_iam_role", "function").values():
            (statement,) = json.loads(role["assume_role_policy"])["Statement"]
            self.assertEqual(statement["Principal"], {"Service": "lambda.amazonaws.com"})
            self.assertEqual(
                (statement["Effect"], statement["Action"]), ("Allow", "sts:AssumeRole")
            )


class Workers(unittest.TestCase):
    NEEDED = {
        "main": Roles.NEEDED["main"] | {"sqs:GetQueueUrl"},
        "dead_letters": {"sqs:SendMessage"},
        "undelivered": set(),
    }

    def setUp(self):
        if not resources("aws_iam_policy", "worker"):
            self.skipTest("there are no workers")

    def test_a_worker_may_use_only_its_own_queues(self):
        region = OUTPUTS["region"]
        for worker, policy in resources("aws_iam_policy", "worker").items():
            for kind, needed in self.NEEDED.items():
                for name, queue in resources("aws_sqs_queue", kind).items():
                    # Those of the plan are not known yet, so this is how AWS makes them.
                    arn = f"arn:{PARTITION}:sqs:{region}:{ACCOUNT}:{queue['name']}"
                    for action in set().union(*self.NEEDED.values()) | Roles.OTHERS:
                        with self.subTest(worker=worker, action=action, queue=arn):
                            own = name == worker and action in needed
                            self.assertEqual(
                                decision(policy["policy"], action, arn), "Allow" if own else None
                            )

    def test_a_worker_may_do_nothing_more(self):
        needed = set().union(*self.NEEDED.values())
        for worker, policy in resources("aws_iam_policy", "worker").items():
            for statement in json.loads(policy["policy"])["Statement"]:
                self.assertLessEqual(set(as_list(statement["Action"])), needed, worker)

    def test_a_worker_may_do_with_objects_only_what_its_handlers_declare(self):
        declared = [f"{OUTPUTS['bucket_arn']}/photos/beach.jpg"]
        others = [
            f"{OUTPUTS['bucket_arn']}/letters/beach.jpg",
            "arn:aws-us-gov:s3:::other/photos/beach.jpg",
        ]
        for policy in resources("aws_iam_policy", "worker_objects").values():
            for arns, expected in ((declared, "Allow"), (others, None)):
                for arn in arns:
                    self.assertEqual(decision(policy["policy"], "s3:GetObject", arn), expected, arn)
            for action in ("s3:DeleteObject", "s3:PutObject", "s3:PutBucketNotification"):
                self.assertIsNone(decision(policy["policy"], action, declared[0]), action)


if __name__ == "__main__":
    path, run, *parameters = sys.argv[1:]
    del sys.argv[1:]
    if path.endswith(".yaml"):
        load_template(path, run, dict(parameter.split("=", 1) for parameter in parameters))
    else:
        load(path, run)
    unittest.main()
