"""Where the files that the tests look at are, and copies of them with a change."""

import contextlib
import shutil
import tempfile
from pathlib import Path

DEPLOY = Path(__file__).resolve().parent.parent
ROOT = DEPLOY.parent
KUBERNETES = DEPLOY / "kubernetes"


@contextlib.contextmanager
def copied(*changes, **files):
    """Makes a folder with the manifests of the repository, and files beside them.

    A change is a text and what takes its place, wherever it stands. `name="text"` writes the file
    `name.yaml`, or removes it if the text is None.
    """
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "own"
        shutil.copytree(KUBERNETES, folder)
        for old, new in changes:
            texts = {file: file.read_text() for file in folder.glob("*.yaml")}
            if not any(old in text for text in texts.values()):
                raise AssertionError(f"no manifest has `{old}`")
            for file, text in texts.items():
                file.write_text(text.replace(old, new))
        for name, text in files.items():
            file = folder / f"{name.replace('_', '-')}.yaml"
            if text is None:
                file.unlink()
            else:
                file.write_text(text)
        yield folder


def variables(pairs):
    return {pair["name"]: pair["value"] for pair in pairs}
