"""Tests what the command prints, its status, and what the README shows of it."""

import subprocess
import sys
import unittest

from manifests import check
from repository import KUBERNETES, copied


class Readme(unittest.TestCase):
    def test_it_shows_what_the_check_prints(self):
        readme = (KUBERNETES / "README.md").read_text()
        changes = [("livenessProbe", "livenesProbe"), ('queueLength: "20"', 'queueLength: "18"')]
        for change in changes:
            with copied(change) as folder:
                (finding,) = check(folder).findings
            self.assertIn(f"\n{finding}\n", readme)


class Telling(unittest.TestCase):
    def run_in(self, folder):
        command = [sys.executable, "-m", "manifests", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        return done.returncode, done.stdout.splitlines()

    def test_success_says_what_was_checked(self):
        foreign = "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata:\n  name: m\n"
        with copied(monitor=foreign) as folder:
            status, lines = self.run_in(folder)
        self.assertEqual(status, 0)
        kinds = "Deployment, PodDisruptionBudget, ScaledObject, ServiceAccount"
        self.assertEqual(
            lines,
            [
                f"5 manifests in {folder} are right: {kinds}, TriggerAuthentication",
                "not checked, because no schema is known: PodMonitor",
            ],
        )

    def test_each_mistake_is_a_line_with_its_place(self):
        changes = [("PeriodSeconds: 30", "PeriodSeconds: 20"), ("25%", "0")]
        with copied(*changes) as folder:
            status, lines = self.run_in(folder)
        self.assertEqual(status, 1)
        self.assertEqual(
            [line.split(" ")[0] for line in lines[:2]],
            [
                "deployment.yaml:21:",
                "disruption-budget.yaml:10:",
            ],
        )
        self.assertEqual(lines[2:], [f"{folder} is wrong in 2 places"])

    def test_it_says_when_the_worker_was_not_looked_at(self):
        with copied(
            ("PeriodSeconds: 30", "PeriodSeconds: 20"), ("cpu: 250m", "cpuu: [1]")
        ) as folder:
            status, lines = self.run_in(folder)
        self.assertEqual(status, 1)
        self.assertIn("checked when these are mended", lines[1])

    def test_a_folder_without_manifests_is_a_mistake(self):
        names = ("deployment", "disruption_budget", "scaled_object", "service_account")
        with copied(**dict.fromkeys(names)) as folder:
            status, lines = self.run_in(folder)
        self.assertEqual(status, 1)
        self.assertIn("the folder has no .yaml, .yml or .json files", lines[0])
