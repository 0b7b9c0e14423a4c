"""Runs the tests that expected.tsv names, and compares their results with it.

usage: run.py PROGRAM SUITE [TEST]...
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Thread

HERE = Path(__file__).resolve().parent
FILES = ["s3tests/functional/test_s3.py", "s3tests/functional/test_headers.py"]

# The owner that s3-dispatch-local names in its answers.
USER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
KEYS = "access_key = test\nsecret_key = test\n"
CONFIG = f"""
[DEFAULT]
host = 127.0.0.1
port = {{port}}
is_secure = False
ssl_verify = False

[fixtures]
bucket prefix = s3t-{{{{random}}}}-
iam name prefix = s3-tests-
iam path prefix = /s3-tests/

[s3 main]
display_name = main
email = main@example.com
user_id = {USER}
api_name =
{KEYS}
[s3 alt]
display_name = alt
email = alt@example.com
user_id = alt
{KEYS}
[s3 tenant]
display_name = tenant
email = tenant@example.com
user_id = tenant
tenant = tenant
{KEYS}
[iam]
display_name = iam
email = iam@example.com
user_id = iam
{KEYS}
[iam root]
user_id = root
email = root@example.com
{KEYS}
[iam alt root]
user_id = altroot
email = altroot@example.com
{KEYS}
"""


def read_expected():
    """The expected results: each test, what it does (passed or failed), and why it fails."""
    rows = (HERE / "expected.tsv").read_text().splitlines()
    rows = [row for row in rows if not row.startswith("#")][1:]
    expected = {}
    for row in rows:
        test, result, *reason = row.split("\t")
        if result not in ("passed", "failed") or (result == "failed") != bool(reason):
            sys.exit(f"expected.tsv: a row needs `passed`, or `failed` and a reason: {row}")
        expected[test] = result
    return expected


class Program:
    """A running s3-dispatch-local with an empty configuration. It ends with the `with` block."""

    def __init__(self, program, folder):
        config = Path(folder, "pipeline.toml")
        config.write_text("[[bucket]]\nname = 's3-tests'\n")
        command = [program, "--config", config, "--port", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def __enter__(self):
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                self.port = found[1]
                # Reads on, so that the program never waits for room in the pipe.
                Thread(target=self.process.stdout.read, daemon=True).start()
                return self
            print(line, end="")
        sys.exit("the program did not start")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def run(program, suite, tests, folder):
    """The result of each test: passed or failed."""
    with Program(program, folder) as pipeline:
        config = Path(folder, "s3tests.conf")
        config.write_text(CONFIG.format(port=pipeline.port))
        selection = Path(folder, "tests")
        selection.write_text("\n".join(tests))

        env = dict(os.environ, S3TEST_CONF=str(config), S3_TESTS_SELECTION=str(selection))
        env["PYTHONPATH"] = str(HERE)
        report = Path(folder, "report")
        command = [sys.executable, "-m", "pytest", "-p", "selection", "-q", "--tb=short"]
        command += ["-p", "no:cacheprovider", *FILES]
        with report.open("w") as output:
            subprocess.run(command, cwd=suite, env=env, stdout=output, stderr=subprocess.STDOUT)

    results = dict.fromkeys(tests, "missing")
    lines = Path(f"{selection}.results").read_text().splitlines()
    results.update(line.split("\t") for line in lines)
    return results, report


def main():
    program, suite, *asked = sys.argv[1:]
    expected = read_expected()
    tests = asked or list(expected)

    with tempfile.TemporaryDirectory() as folder:
        results, report = run(program, suite, tests, folder)
        kept = Path(suite).parent / "report"
        kept.write_text(report.read_text())

    wrong = {test: result for test, result in results.items() if result != expected.get(test)}
    for test, result in sorted(wrong.items()):
        print(f"FAIL {test}: {result}, but expected.tsv says {expected.get(test)}")

    passed = sum(result == "passed" for result in results.values())
    print(f"{passed} of {len(tests)} tests passed; {len(wrong)} differ from expected.tsv ({kept})")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
