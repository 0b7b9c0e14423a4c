"""The programs whose starts and builds are measured, and how many crates they are made of."""

import os
import subprocess
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", BENCHES.parent / "target")).resolve() / "benches"
OURS = ("ours-function", "start-function")

# The package, the binary and the features of each program.
PROGRAMS = {
    "bare": ("bare-function", "bare-function", ""),
    "careful": ("careful-function", "careful-function", ""),
    "ours": (*OURS, ""),
} | {
    feature: (*OURS, feature)
    for feature in [
        "cli",
        "doctor",
        "emf",
        "otel",
        "sqs",
        "dynamodb",
        "objects",
        "worker",
        "prometheus",
    ]
}


def chosen(names):
    """The names of the command line, or all of them."""
    unknown = set(names) - set(PROGRAMS)
    if unknown:
        raise SystemExit(f"there is no {unknown.pop()!r}; there are {', '.join(PROGRAMS)}")
    return names or list(PROGRAMS)


def options(name):
    """The options of Cargo that choose the program."""
    package, _, features = PROGRAMS[name]
    manifest = ["--locked", "--manifest-path", str(BENCHES / "Cargo.toml"), "-p", package]
    return [*manifest, *(["--features", features] if features else [])]


def crates(name):
    """How many crates a program is made of, without itself and `reading`."""
    tree = ["cargo", "tree", *options(name), "-e", "normal,build", "--prefix", "none"]
    lines = subprocess.run([*tree, "--no-dedupe"], check=True, capture_output=True, text=True)
    found = {" ".join(line.split()[:2]) for line in lines.stdout.splitlines() if line}
    package = PROGRAMS[name][0]
    return len({name for name in found if not name.startswith((f"{package} ", "reading "))})


def add(table, rows):
    """Writes rows of (program, measure, value) into the file of results, beside its other rows."""
    results = Path(os.environ["RESULTS"])
    new = {(name, measure): value for name, measure, value in rows}
    old = (line.split("\t") for line in results.read_text().splitlines())
    kept = {(row[1], row[4]): row[5] for row in old if row[0] == table}
    lines = [
        "\t".join([table, name, "-", "0", measure, str(value)])
        for (name, measure), value in (kept | new).items()
    ]
    command = [TARGET / "release/results", "add", results, table]
    subprocess.run(command, check=True, input="\n".join(lines), text=True)
