"""Tests the Dockerfile and the task definition in `deploy/container`, without running them."""

import json
import re
import unittest

from manifests import load
from manifests.pods import SPARE
from manifests.settings import SETTINGS
from manifests.worker import POD
from repository import DEPLOY, KUBERNETES, variables


class Container(unittest.TestCase):
    def setUp(self):
        text = (DEPLOY / "container" / "Dockerfile").read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        starts = [index for index, line in enumerate(lines) if line.startswith("FROM ")]
        self.stage = [line.split(maxsplit=1) for line in lines[starts[-1] :]]

        (features,) = re.findall(r"^ARG FEATURES=(\S+)$", text, re.M)
        self.features = set(features.split(","))

    def last(self, instruction):
        return [value for name, value in self.stage if name == instruction][-1]

    def test_the_image_is_static_and_not_of_root(self):
        self.assertIn("distroless/static", self.last("FROM"))
        self.assertTrue(self.last("FROM").endswith(":nonroot"))
        user = self.last("USER")
        pods = [document.get(*POD, "securityContext") for document in load(KUBERNETES)[0]]
        (pod,) = [pod for pod in pods if pod]
        self.assertEqual(user, f"{pod['runAsUser']}:{pod['runAsGroup']}")
        self.assertNotIn("RUN", [name for name, _ in self.stage])

    def test_the_program_has_what_the_readme_promises(self):
        readme = (DEPLOY / "container" / "README.md").read_text()
        for text, feature in [
            ("or flags after `work`", "s3-dispatch/worker"),
            ("`/livez`, `/readyz` and `/metrics`", "s3-dispatch/prometheus"),
        ]:
            self.assertIn(text, readme)
            self.assertIn(feature, self.features)
        self.assertIn(f"by default `{','.join(sorted(self.features, reverse=True))}`", readme)

    def test_the_program_itself_gets_the_signal(self):
        self.assertEqual(json.loads(self.last("ENTRYPOINT")), ["/program"])
        self.assertEqual(json.loads(self.last("CMD")), ["work"])
        self.assertTrue(self.last("COPY").endswith(" /program"))
        self.assertNotIn("STOPSIGNAL", [name for name, _ in self.stage])


class Ecs(unittest.TestCase):
    def setUp(self):
        readme = (DEPLOY / "container" / "README.md").read_text()
        (definition,) = re.findall(r"```json\n(.*?)```", readme, re.S)
        (self.worker,) = json.loads(definition)["containerDefinitions"]

    def test_the_stop_timeout_fits_the_drain(self):
        drain = int(variables(self.worker["environment"])["S3_DISPATCH_DRAIN"])
        self.assertGreaterEqual(self.worker["stopTimeout"], drain + SPARE)
        # The limit of Fargate.
        self.assertLessEqual(self.worker["stopTimeout"], 120)

    def test_the_variables_are_settings(self):
        names = set(variables(self.worker["environment"]))
        ours = {name for name in names if name.startswith("S3_")}
        self.assertLessEqual(ours, set(SETTINGS))
        self.assertIn("S3_DISPATCH_QUEUE_URL", names)
        self.assertEqual(self.worker["command"], ["work"])
