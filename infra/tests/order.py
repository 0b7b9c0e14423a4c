"""Tests in which order Terraform creates and destroys the resources of the module.

Terraform creates a resource after everything that it depends on, and destroys it before that. So
the order follows from the output of `terraform graph`, which this reads.

    terraform graph | python3 infra/tests/order.py
"""

import re
import sys
import unittest

EDGE = re.compile(r'^\s*"([\w.]+)" -> "([\w.]+)";', re.M)
NODE = re.compile(r'^\s*"([\w.]+)" \[', re.M)

# AWS answers the creation of one of these with the existing one of that name, without an error
# (`CreateTopic`, `CreateQueue`, `PutMetricAlarm`, `PutRule`).
ADOPTED = (
    "aws_sns_topic",
    "aws_sqs_queue",
    "aws_cloudwatch_metric_alarm",
    "aws_cloudwatch_event_rule",
)

# AWS refuses to create a second one of that name.
REFUSED = ("aws_kms_alias.topic", "aws_iam_role.function", "aws_iam_policy.worker")
NODES = set()
EDGES = {}


def load(graph):
    NODES.update(NODE.findall(graph))
    for later, earlier in EDGE.findall(graph):
        EDGES.setdefault(later, set()).add(earlier)


def created_before(node):
    """Returns everything that exists before a resource, which is destroyed after it."""
    found, waiting = set(), [node]
    while waiting:
        for earlier in EDGES.get(waiting.pop(), ()):
            if earlier not in found:
                found.add(earlier)
                waiting.append(earlier)
    return found


class Order(unittest.TestCase):
    def test_a_second_pipeline_of_the_same_name_is_refused_before_it_adopts_anything(self):
        adopted = [node for node in NODES if node.split(".")[0] in ADOPTED]
        self.assertGreaterEqual(len(adopted), 6)
        for node in adopted:
            for refused in REFUSED:
                with self.subTest(node=node, refused=refused):
                    self.assertIn(refused, created_before(node))

    def test_what_is_refused_needs_nothing_that_is_adopted(self):
        for refused in REFUSED:
            for earlier in created_before(refused):
                self.assertNotIn(earlier.split(".")[0], ADOPTED, refused)

    def test_the_bucket_publishes_only_while_its_events_are_delivered(self):
        before = created_before("aws_s3_bucket_notification.objects")
        for needed in (
            "aws_sns_topic_policy.events",
            "aws_sns_topic_subscription.processor",
            "aws_sqs_queue_policy.main",
            "aws_sqs_queue_policy.undelivered",
        ):
            self.assertIn(needed, before)

    def test_lambda_receives_only_with_its_permissions(self):
        before = created_before("aws_lambda_event_source_mapping.processor")
        self.assertIn("aws_iam_role_policy.function", before)


if __name__ == "__main__":
    load(sys.stdin.read())
    unittest.main()
