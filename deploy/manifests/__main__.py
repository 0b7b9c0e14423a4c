"""Tells what is wrong in a folder of manifests. The status is 1 if anything is."""

import sys
from pathlib import Path

from .check import check


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: .ci/deploy FOLDER")
    folder = Path(sys.argv[1])
    if not folder.is_dir():
        sys.exit(f"error: {folder} is not a folder")

    result = check(folder)
    for finding in result.findings:
        print(finding)
    if not result.is_complete and result.checked:
        print("What the manifests must agree on is checked when these are mended.")
    if result.findings:
        places = "place" if len(result.findings) == 1 else "places"
        print(f"{folder} is wrong in {len(result.findings)} {places}")
        return 1
    print(f"{counted(result.checked)} in {folder} are right: {listed(result.checked)}")
    if result.unchecked:
        print(f"not checked, because no schema is known: {listed(result.unchecked)}")
    return 0


def counted(kinds):
    return "1 manifest" if kinds.total() == 1 else f"{kinds.total()} manifests"


def listed(kinds):
    """Writes kinds with their numbers, such as `Deployment, 2 Services`."""
    return ", ".join(kind if n == 1 else f"{n} of {kind}" for kind, n in sorted(kinds.items()))


if __name__ == "__main__":
    sys.exit(main())
