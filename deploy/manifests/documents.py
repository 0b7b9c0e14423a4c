"""The documents in a folder of manifests, which know their lines."""

import dataclasses
import json
from pathlib import Path

import yaml

# What `kubectl apply -f FOLDER` reads. It does not look into folders below.
SUFFIXES = (".yaml", ".yml", ".json")

QUOTES = "put a value with `{{` in quotes, and render a template (Helm) before this check"

# How much of a wrong value is shown.
SHOWN = 60


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """Something that is wrong: `FILE:LINE: FIELD is X, and must be Y`.

    Without a line it is about the file, and without a file about the folder.
    """

    file: str
    line: int
    text: str

    def __str__(self):
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.text}" if place else self.text


@dataclasses.dataclass
class Document:
    """A document, the name of its file, and the line of each of its paths."""

    file: str
    value: dict
    lines: dict

    @property
    def kind(self):
        return self.value["kind"]

    @property
    def name(self):
        return self.get("metadata", "name")

    @property
    def namespace(self):
        return self.get("metadata", "namespace") or "default"

    def get(self, *path):
        """Returns what is at a path, or None."""
        value = self.value
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def each(self, *path):
        """Yields the entries of a list, each with its path."""
        for index, entry in enumerate(self.get(*path) or []):
            yield (*path, index), entry

    def line(self, path):
        """Returns the line of a path, or of the nearest one above that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def field(self, path):
        """Writes a path as `spec.containers[worker].image`: entries by their name, if any."""
        text, at = "", ()
        for step in path:
            at = (*at, step)
            if isinstance(step, int):
                text += f"[{self.get(*at, 'name') or step}]"
            else:
                text += f".{step}" if text else str(step)
        return text

    def finding(self, path, text):
        """A finding about a field, which is named before the text."""
        return Finding(self.file, self.line(path), f"{self.field(path)} {text}")

    def wrong(self, path, what):
        """A finding: the field at this path is not what it must be."""
        value = self.get(*path)
        found = "is missing" if value is None else f"is {shown(value)}"
        return self.finding(path, f"{found}, and must be {what}")


def shown(value):
    """Writes a value for a message: texts in backticks, everything else as JSON."""
    text = f"`{value}`" if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


class Loader(yaml.SafeLoader):
    """Reads YAML as Kubernetes does: keys occur once, and times are strings."""


Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(folder):
    """Returns the documents of a folder, and what cannot be read in it."""
    documents, findings = [], []
    for file in sorted(Path(folder).iterdir()):
        if file.suffix not in SUFFIXES or not file.is_file():
            continue
        try:
            read, wrong = read_text(file.name, file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            read, wrong = [], [Finding(file.name, 0, "is not UTF-8, and must be YAML or JSON")]
        documents += read
        findings += wrong
    return documents, findings


def read_text(file, text):
    """Returns the documents in the text of a file, and what is wrong with it."""
    loader = Loader(text)
    documents, findings = [], []
    try:
        while loader.check_node():
            node = loader.get_node()
            lines = {}
            for key in note_lines(node, (), lines):
                line = key.start_mark.line + 1
                findings.append(Finding(file, line, key_problem(key)))
            if findings:
                continue
            # An empty document, as after a last `---`, is none.
            value = with_string_keys(loader.construct_document(node))
            documents += [] if value is None else [Document(file, value, lines)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        findings.append(Finding(file, line, f"is not YAML: {advice(error, text, line)}"))
    except RecursionError:
        findings.append(Finding(file, 0, "is not YAML: a part of it contains itself"))
    except (yaml.YAMLError, ValueError) as error:
        findings.append(Finding(file, 0, f"is not YAML: {str(error).splitlines()[0]}"))

    documents = [part for document in documents for part in parts(document)]
    for document in [*documents]:
        if problem := shape(document.value):
            findings.append(Finding(file, document.line(()), problem))
            documents.remove(document)
    return documents, findings


def key_problem(key):
    """Says what is wrong with a key."""
    if isinstance(key, yaml.ScalarNode):
        return f"`{key.value}` is here twice: remove one"
    return f"a key is not a string: {QUOTES}"


def advice(error, text, line):
    """Says what YAML does not understand, and what it may be."""
    lines = text.splitlines()
    if "{{" in "".join(lines[max(line - 2, 0) : line]):
        return f"{error.problem}: {QUOTES}"
    if "\\t" in (error.problem or ""):
        return "a tab: indent with spaces"
    return f"{error.problem or error.context}: look at the indentation here and in the line before"


def note_lines(node, path, lines):
    """Notes the line of each path, and yields keys that no mapping can have, or has already."""
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            is_text = isinstance(key, yaml.ScalarNode)
            if not is_text or (key.value in seen and key.tag != "tag:yaml.org,2002:merge"):
                yield key
            seen.add(key.value if is_text else id(key))
            step = (*path, key.value if is_text else "?")
            yield from note_lines(value, step, lines)
            lines[step] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from note_lines(value, (*path, index), lines)


def with_string_keys(value):
    """Makes every key a string, as Kubernetes does: `8080: x` is `"8080": x`."""
    if isinstance(value, list):
        return [with_string_keys(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        key if isinstance(key, str) else json.dumps(key): with_string_keys(inner)
        for key, inner in value.items()
    }


def parts(document):
    """Yields the document, or those that it lists, if its kind is `List`."""
    value = document.value
    if not isinstance(value, dict) or value.get("kind") != "List":
        yield document
        return
    for index, item in enumerate(value.get("items") or []):
        start = ("items", index)
        lines = {path[2:]: line for path, line in document.lines.items() if path[:2] == start}
        yield Document(document.file, item, lines)


def shape(value):
    """Returns why a value is no object of Kubernetes, or None."""
    if not isinstance(value, dict):
        return f"is {shown(value)}, and must be an object with `apiVersion` and `kind`"
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            found = f"is {shown(value[key])}" if value.get(key) is not None else "is missing"
            example = {"apiVersion": "apps/v1", "kind": "Deployment"}[key]
            return f"`{key}` {found}, and must be a string such as `{example}`"
    return None
