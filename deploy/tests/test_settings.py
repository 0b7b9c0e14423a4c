"""Tests that the settings of the check are those of the code, with the same flags and limits."""

import re
import unittest

from manifests import settings
from manifests.settings import SETTINGS
from repository import DEPLOY, ROOT

NAME = re.compile(r'"(S3_DISPATCH_[A-Z_]+)"')


def production(file):
    """The text of a Rust file without comments and tests."""
    text = re.sub(r"//.*", "", file.read_text(encoding="utf-8"))
    return re.sub(r"#\[cfg\(test\)\]\s*mod \w+ \{.*?^\}", "", text, flags=re.M | re.S)


def source(path):
    return production(ROOT / "runtime/src" / path)


class Settings(unittest.TestCase):
    def test_they_are_the_variables_that_the_code_reads(self):
        texts = [
            production(file)
            for crate in ("core", "macros", "runtime")
            for file in (ROOT / crate / "src").rglob("*.rs")
        ]
        read = {name for text in texts for name in NAME.findall(text)}
        self.assertEqual(read, set(SETTINGS))

    def test_they_have_the_flags_and_limits_of_work(self):
        text = source("cli/work/options.rs")
        found = {}
        for arguments, field in re.findall(r"#\[arg\((.*?)\)\]\s*(\w+):", text, re.S):
            (name,) = NAME.findall(arguments)
            self.assertIn("long,", arguments)
            limits = re.search(r"number\(([\d_]+), ([\d_]+)\)", arguments)
            limits = limits and tuple(int(limit) for limit in limits.groups())
            found[name] = settings.Setting(f"--{field.replace('_', '-')}", limits)
        self.assertEqual(found, {name: SETTINGS[name] for name in SETTINGS if SETTINGS[name].flag})

    def test_what_is_not_set_is_as_in_the_code(self):
        options = source("worker/options.rs")
        (handlers,) = re.findall(r"DEFAULT_HANDLERS: usize = (\d+);", options)
        self.assertEqual(settings.HANDLERS, int(handlers))
        (drain,) = re.findall(r"drain: Duration::from_secs\((\d+)\)", options)
        self.assertEqual(settings.DRAIN, int(drain))
        # Twice as many messages as handlers, and a receive more.
        self.assertIn("handlers.saturating_mul(2).saturating_add(RECEIVE)", options)
        self.assertIn("const RECEIVE: usize = 10;", options)
        self.assertEqual(settings.held(None, None), 30)
        self.assertEqual(settings.held(None, 4), 18)
        self.assertEqual(settings.held(7, 4), 7)

    def test_the_readme_has_the_defaults_of_the_code(self):
        options = source("worker/options.rs")
        readme = (DEPLOY / "container" / "README.md").read_text()
        for name, pattern in [
            ("RECEIVERS", r"receivers: (\d+),"),
            ("VISIBILITY", r"visibility: Duration::from_secs\((\d+)\)"),
            ("DRAIN", r"drain: Duration::from_secs\((\d+)\)"),
        ]:
            (default,) = re.findall(pattern, options)
            self.assertRegex(readme, rf"`S3_DISPATCH_{name}` .*; {default} by default \|")

    def test_the_levels_are_those_of_the_code(self):
        (listed,) = re.findall(r"; write (`error`.*?)\"", source("telemetry/logs/levels.rs"))
        self.assertEqual(tuple(re.findall(r"`(\w+)`", listed)), settings.LEVELS)

    def test_the_readme_lists_every_setting_with_its_flag(self):
        readme = (DEPLOY / "container" / "README.md").read_text()
        rows = re.findall(r"^\| `(S3_DISPATCH_\w+)` \| (?:`(--[\w-]+)`)? *\|", readme, re.M)
        self.assertEqual(
            {name: flag or None for name, flag in rows},
            {name: setting.flag for name, setting in SETTINGS.items()},
        )


class Values(unittest.TestCase):
    def check(self, name, right, wrong):
        for value in right:
            self.assertIsNone(settings.problem(name, value), value)
        for value in wrong:
            self.assertIsNotNone(settings.problem(name, value), value)

    def test_numbers(self):
        self.check("S3_DISPATCH_RECEIVERS", ["1", "8"], ["0", "9", "", "2s", "-1", "1.5", "²"])

    def test_addresses(self):
        right = ["[::]:8080", "0.0.0.0:8080", "10.0.0.1:1"]
        wrong = [
            ":8080",
            "8080",
            "localhost:8080",
            "127.0.0.1:80",
            "[::1]:80",
            ":::80",
            "1.2.3.4:x",
        ]
        self.check("S3_DISPATCH_HEALTH", right, [*wrong, "0.0.0.0:70000"])

    def test_queues(self):
        queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"
        wrong = ["uploads", "arn:aws:sqs:eu-central-1:123456789012:uploads", ""]
        self.check("S3_DISPATCH_QUEUE_URL", [queue, "http://127.0.0.1:9092/1/uploads"], wrong)

    def test_levels(self):
        self.check("S3_DISPATCH_LOG_HANDLED", ["info", "DEBUG", ""], ["verbose", "information"])
