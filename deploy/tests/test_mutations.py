"""Tests that the check finds any mistake of a kind, at whatever place it is made."""

import copy
import unittest

from manifests import load
from manifests.check import check_documents
from manifests.schemas import check_schema
from repository import KUBERNETES

# Mappings whose keys are free.
FREE = {"labels", "annotations", "matchLabels", "requests", "limits"}

# What a user may have written instead, of each type and none.
VALUES = (None, "", "x", 0, -1, True, [], ["x"], [None], {}, {"x": "y"})


def documents():
    found, findings = load(KUBERNETES)
    assert not findings, findings
    return found


def places(value, path=()):
    """Yields the path to each key that a schema knows, and to each entry of a list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            if key not in FREE:
                yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from places(inner, (*path, index))


def changed(document, path, change):
    """Returns a copy in which `change` was applied to what holds the last step of a path."""
    document = copy.deepcopy(document)
    inner = document.value
    for step in path[:-1]:
        inner = inner[step]
    change(inner, path[-1])
    return document


def misspell(inner, key):
    inner[f"{key}x"] = inner.pop(key)


def setting(value):
    """A change that puts a value in."""
    return lambda inner, key: inner.__setitem__(key, copy.deepcopy(value))


class Mutations(unittest.TestCase):
    def test_a_misspelt_key_is_found_wherever_it_is_and_named(self):
        for document in documents():
            for path in places(document.value):
                if path in (("apiVersion",), ("kind",)) or isinstance(path[-1], int):
                    continue
                with self.subTest(kind=document.kind, path=path):
                    findings, _ = check_schema(changed(document, path, misspell))
                    texts = [str(finding) for finding in findings]
                    self.assertTrue(any(f"{path[-1]}x is not a" in text for text in texts), texts)
                    self.assertTrue(any(f"did you mean `{path[-1]}`" in text for text in texts))

    def test_no_value_at_any_place_stops_the_check(self):
        ours = documents()
        for number, document in enumerate(ours):
            for path in places(document.value):
                if path in (("apiVersion",), ("kind",)):
                    continue
                for value in VALUES:
                    others = [*ours]
                    others[number] = changed(document, path, setting(value))
                    with self.subTest(kind=document.kind, path=path, value=value):
                        for finding in check_documents(others).findings:
                            self.assertLess(len(str(finding)), 600)
                            self.assertNotIn("\n", str(finding))

    def test_nothing_that_is_left_out_stops_the_check(self):
        ours = documents()
        for number, document in enumerate(ours):
            for path in places(document.value):
                if path in (("apiVersion",), ("kind",)):
                    continue
                others = [*ours]
                others[number] = changed(document, path, lambda inner, key: inner.pop(key))
                with self.subTest(kind=document.kind, path=path):
                    check_documents(others)
