"""Checks the manifests in a folder."""

import dataclasses
from collections import Counter

from .documents import Finding, load
from .pods import check_pods
from .scaling import check_scaling
from .schemas import check_schema
from .worker import workers


@dataclasses.dataclass
class Result:
    """What is in a folder, and what is wrong with it.

    `checked` and `unchecked` count the documents of each kind, with a schema and without one.
    `is_complete` is false if documents were not held against each other, because some are wrong
    in themselves.
    """

    findings: list
    checked: Counter
    unchecked: Counter
    is_complete: bool = True


def check(folder):
    """Checks the manifests in a folder, and returns a `Result`."""
    documents, findings = load(folder)
    if not documents and not findings:
        kinds = "no .yaml, .yml or .json files with manifests"
        findings = [Finding("", 0, f"the folder has {kinds}; folders in it are not looked at")]
    return check_documents(documents, findings)


def check_documents(documents, unreadable=()):
    """Checks documents, each by its schema, and then those of workers against each other.

    `unreadable` are the findings in what could not be read.
    """
    result = Result([*unreadable], Counter(), Counter())
    for document in documents:
        findings, has_schema = check_schema(document)
        result.findings += findings
        (result.checked if has_schema else result.unchecked)[document.kind] += 1

    result.findings += twins(documents)
    result.is_complete = not result.findings
    if result.is_complete:
        result.findings += check_workers(documents)
    result.findings = sorted(set(result.findings))
    return result


def check_workers(documents):
    """Yields what is wrong among the documents of workers."""
    found = workers(documents)
    if not found:
        text = "the folder has no Deployment of a worker, as in deploy/kubernetes/deployment.yaml"
        yield Finding("", 0, text)
    for worker in found:
        yield from check_pods(worker)
        yield from check_scaling(worker)


def twins(documents):
    """Yields a finding for each document that replaces an earlier one."""
    seen = {}
    for document in documents:
        group = document.value["apiVersion"].rpartition("/")[0]
        identity = tuple(map(str, (group, document.kind, document.namespace, document.name)))
        if earlier := seen.get(identity):
            text = f"is `{document.name}`, as in {earlier.file}: a second {document.kind}"
            yield document.finding(("metadata", "name"), f"{text} of this name replaces the first")
        seen.setdefault(identity, document)
