"""Holds documents against the schemas of Kubernetes and KEDA."""

import difflib
import functools
import json
import re
from pathlib import Path

import jsonschema
import kubernetes_validate
from cloudcoil.models.keda import v1alpha1 as keda
from referencing import Registry, Resource

from .documents import shown

KUBERNETES = "1.37"
FOLDER = (
    Path(kubernetes_validate.__file__).parent
    / "kubernetes-json-schema"
    / f"v{KUBERNETES}.0-local-strict"
)
KEDA = "keda.sh/v1alpha1"

# The metadata of a trigger is any text for the resource definition. These are the parameters of
# `aws-sqs-queue` ("AWS SQS Queue", KEDA documentation 2.16).
PARAMETERS = {
    "queueURL",
    "queueURLFromEnv",
    "queueLength",
    "activationQueueLength",
    "awsRegion",
    "awsEndpoint",
    "identityOwner",
    "scaleOnInFlight",
    "scaleOnDelayed",
}

# How many known fields a message lists.
LISTED = 8


def check_schema(document):
    """Returns what a schema says about a document, and whether there is a schema for it."""
    api = document.value["apiVersion"]
    own = is_of_kubernetes(api)
    if not own and not api.startswith("keda.sh/"):
        return [], False

    known = kinds_of(api) if own else kinds_of_keda()
    if not known or (api != KEDA and not own):
        return [document.wrong(("apiVersion",), f"one such as {versions_of(document)}")], True
    if document.kind not in known and own and apis_of(document.kind):
        return [document.wrong(("apiVersion",), versions_of(document))], True
    if document.kind not in known:
        where = f"a kind of `{api}`"
        return [document.wrong(("kind",), f"{where}{did_you_mean(document.kind, known)}")], True

    schema, registry = schema_of(api, document.kind)
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    findings = [
        finding
        for error in validator.iter_errors(document.value)
        for finding in findings_of(document, error)
    ]
    if not document.name:
        findings.append(document.wrong(("metadata", "name"), "a name"))
    findings += empty_entries(document, document.value)
    return findings + misspelt_parameters(document), True


def is_of_kubernetes(api):
    """Whether an API belongs to Kubernetes, such as `v1`, `apps/v1` or `policy/v1`."""
    group = api.rpartition("/")[0]
    return "." not in group or group in groups()


@functools.cache
def tables():
    """All kinds of Kubernetes by their `apiVersion`."""
    found = {}
    for file in FOLDER.glob("*.json"):
        # Only the schemas of kinds have a group.
        text = file.read_text(encoding="utf-8")
        marks = re.search(r'"x-kubernetes-group-version-kind":\s*(\[.*?\])', text, re.S)
        for mark in json.loads(marks[1]) if marks else []:
            api = "/".join(part for part in (mark["group"], mark["version"]) if part)
            if file.stem.startswith(mark["kind"].lower()):
                found.setdefault(api, {})[mark["kind"]] = file
    return found


def groups():
    return {api.rpartition("/")[0] for api in tables()}


def kinds_of(api):
    return tables().get(api, {})


def kinds_of_keda():
    models = vars(keda).items()
    return {name: model for name, model in models if name in KEDA_KINDS}


KEDA_KINDS = ("ClusterTriggerAuthentication", "ScaledJob", "ScaledObject", "TriggerAuthentication")


def versions_of(document):
    """The versions of an API that know a kind, for a message."""
    if not is_of_kubernetes(document.value["apiVersion"]):
        return f"`{KEDA}`"
    return " or ".join(f"`{api}`" for api in apis_of(document.kind)) or "`apps/v1`"


def apis_of(kind):
    """The versions of Kubernetes' APIs that know a kind."""
    return sorted(api for api, kinds in tables().items() if kind in kinds)


@functools.cache
def schema_of(api, kind):
    if api == KEDA:
        model = kinds_of_keda()[kind]
        return closed(model.model_json_schema(by_alias=True)), Registry()
    schema = json.loads(kinds_of(api)[kind].read_text(encoding="utf-8"))
    return schema, definitions()


@functools.cache
def definitions():
    schema = json.loads((FOLDER / "_definitions.json").read_text(encoding="utf-8"))
    return Resource.from_contents(schema) @ Registry()


def closed(schema):
    """Makes a schema of a model refuse unknown fields, and null, which the model may hold."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        schema.setdefault("additionalProperties", False)
    if isinstance(schema.get("anyOf"), list):
        schema["anyOf"] = [inner for inner in schema["anyOf"] if inner != {"type": "null"}]
        if len(schema["anyOf"]) == 1:
            schema.update(schema.pop("anyOf")[0])
    return schema


def findings_of(document, error):
    """Yields the findings of an error of a schema."""
    path = tuple(error.absolute_path)
    if error.validator in ("anyOf", "oneOf") and error.context:
        deepest = max(error.context, key=lambda inner: len(inner.absolute_path))
        if len(deepest.absolute_path) > len(path):
            yield from findings_of(document, deepest)
            return
        types = [inner.validator_value for inner in error.context if inner.validator == "type"]
        yield document.wrong(path, type_names(types) if types else "another value")
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key not in known:
                yield document.finding((*path, key), unknown("field", key, known))
    elif error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield document.finding((*path, key), "is missing, and must be there")
    elif error.validator == "type":
        yield document.wrong(path, type_names([error.validator_value]) + quoted(error))
    elif error.validator in ("enum", "const"):
        allowed = error.validator_value
        allowed = allowed if error.validator == "enum" else [allowed]
        listed = ", ".join(shown(value) for value in allowed)
        yield document.wrong(path, f"one of {listed}" if len(allowed) > 1 else listed)
    else:
        yield document.wrong(path, f"of `{error.validator}` {shown(error.validator_value)}")


def empty_entries(document, value, path=()):
    """Yields the entries of lists that are null, which the schemas of Kubernetes let pass."""
    if value is None and path and isinstance(path[-1], int):
        yield document.finding(path, "is empty: write something behind `-`, or remove it")
    if not isinstance(value, (dict, list)):
        return
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield from empty_entries(document, inner, (*path, key))


def unknown(what, key, known):
    """Says that a key is not known, and what may be meant."""
    return f"is not a {what}{did_you_mean(key, known)}"


def did_you_mean(key, known):
    by_small = {name.lower(): name for name in known}
    if near := difflib.get_close_matches(key.lower(), by_small, n=1, cutoff=0.7):
        return f"; did you mean `{by_small[near[0]]}`"
    if 0 < len(known) <= LISTED:
        return f"; there is {', '.join(f'`{name}`' for name in sorted(known))}"
    return "; remove it, or look at its indentation"


def type_names(types):
    """Writes the types of a schema, which may be lists, for a message."""
    names = {
        "string": "a string",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "a mapping",
    }
    flat = []
    for kind in types:
        flat += kind if isinstance(kind, list) else [kind]
    return " or ".join(dict.fromkeys(names[kind] for kind in flat if kind in names))


def quoted(error):
    """Advises quotes for what YAML does not take for a string, and none for a number."""
    wants_string = "string" in error.validator_value
    if wants_string and isinstance(error.instance, bool):
        return ': write it in quotes, such as "true" or "no"'
    if wants_string and isinstance(error.instance, (int, float)):
        return f': write "{error.instance}", in quotes'
    if not wants_string and isinstance(error.instance, str) and error.instance.isdigit():
        return f": write {error.instance}, without quotes"
    return ""


def misspelt_parameters(document):
    """Returns what KEDA does not know in the metadata of the triggers for SQS."""
    triggers = document.get("spec", "triggers")
    if document.value["apiVersion"] != KEDA or not isinstance(triggers, list):
        return []
    return [
        document.finding((*path, "metadata", name), unknown("parameter", name, PARAMETERS))
        for path, _ in document.each("spec", "triggers")
        if document.get(*path, "type") == "aws-sqs-queue"
        and isinstance(document.get(*path, "metadata"), dict)
        for name in document.get(*path, "metadata")
        if name not in PARAMETERS
    ]
