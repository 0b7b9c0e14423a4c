"""Tests the manifests, the Dockerfile and the task definition in `deploy/`, without running them.

Kubernetes' own kinds are held against its schemas (`kubernetes-validate`), KEDA's against the
models that are made of its custom resource definitions (`cloudcoil-models-keda`).

    python3 deploy/tests/check.py            # what is in the repository
    python3 deploy/tests/check.py FOLDER     # manifests of your own, made from these
"""

import copy
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import kubernetes_validate
import yaml
from cloudcoil.models.keda import v1alpha1 as keda

DEPLOY = Path(__file__).resolve().parent.parent
KUBERNETES = "1.37"

# The manifests to check.
MANIFESTS = Path(sys.argv[1]) if len(sys.argv) > 1 else DEPLOY / "kubernetes"
IS_OWN = MANIFESTS != DEPLOY / "kubernetes"

# The documents that make a worker.
NEEDED = {
    "Deployment",
    "PodDisruptionBudget",
    "ScaledObject",
    "ServiceAccount",
    "TriggerAuthentication",
}

# Seconds that remain of the grace period when a drain has ended.
SPARE = 5

# The settings of `PROGRAM work`, and the queue of `SqsDeadLetters`.
SETTINGS = {
    "S3_DISPATCH_QUEUE_URL",
    "S3_DISPATCH_DEAD_LETTERS_URL",
    "S3_DISPATCH_CONCURRENCY",
    "S3_DISPATCH_IN_FLIGHT",
    "S3_DISPATCH_RECEIVERS",
    "S3_DISPATCH_VISIBILITY",
    "S3_DISPATCH_DRAIN",
    "S3_DISPATCH_HEALTH",
}

# What is logged of a record, and the table that the program finds by its name.
OTHER_SETTINGS = {
    "S3_DISPATCH_LOG_HANDLED",
    "S3_DISPATCH_LOG_UNROUTED",
    "S3_DISPATCH_STORE_TABLE",
}

# The metadata of a trigger is any text for the resource definition. These are the parameters of
# `aws-sqs-queue` ("AWS SQS Queue", KEDA documentation 2.16).
PARAMETERS = {
    "queueURL",
    "queueURLFromEnv",
    "queueLength",
    "activationQueueLength",
    "awsRegion",
    "awsEndpoint",
    "scaleOnInFlight",
    "scaleOnDelayed",
}

# Mappings whose keys are free.
FREE = {"labels", "annotations", "matchLabels", "requests", "limits"}


def load():
    """Returns all documents of the manifests, by their kind."""
    documents = {}
    for file in sorted([*MANIFESTS.glob("*.yaml"), *MANIFESTS.glob("*.yml")]):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] in documents:
                sys.exit(f"error: {file} has a second {document['kind']}")
            documents[document["kind"]] = document

    if missing := NEEDED - set(documents):
        sys.exit(f"error: {MANIFESTS} has no {', '.join(sorted(missing))}")
    return documents


DOCUMENTS = load()
DEPLOYMENT = DOCUMENTS["Deployment"]["spec"]
POD = DEPLOYMENT["template"]["spec"]
(WORKER,) = POD["containers"]
TRIGGER = DOCUMENTS["ScaledObject"]["spec"]["triggers"][0]


def fault(document):
    """Returns why a document is refused, or None if it is right."""
    try:
        if not document["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
            return None
        model = getattr(keda, document["kind"]).model_validate(document)
    except (kubernetes_validate.ValidationError, ValueError) as error:
        return str(error)

    # The models skip what they do not know.
    known = model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if known != document:
        return f"only this is known: {known}"
    unknown = {
        name
        for trigger in document["spec"].get("triggers", [])
        for name in set(trigger["metadata"]) - PARAMETERS
    }
    return f"unknown parameters: {unknown}" if unknown else None


def places(value, path=()):
    """Yields the path to each key of a document that a schema knows."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            if key not in FREE:
                yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))


def misspelt(document, path):
    """Returns a copy in which the key at this path has one letter too many."""
    document = copy.deepcopy(document)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[f"{path[-1]}x"] = inner.pop(path[-1])
    return document


def variables(pairs):
    return {pair["name"]: pair["value"] for pair in pairs}


class Schemas(unittest.TestCase):
    def test_there_is_what_a_worker_needs(self):
        self.assertLessEqual(NEEDED, set(DOCUMENTS))
        if not IS_OWN:
            self.assertEqual(NEEDED, set(DOCUMENTS))

    def test_every_document_is_right(self):
        for kind, document in DOCUMENTS.items():
            with self.subTest(kind):
                self.assertIsNone(fault(document))

    @unittest.skipIf(IS_OWN, "a test of this check")
    def test_any_misspelt_key_would_be_found(self):
        for kind, document in DOCUMENTS.items():
            for path in places(document):
                if path not in (("apiVersion",), ("kind",)):
                    with self.subTest(kind=kind, path=path):
                        self.assertIsNotNone(fault(misspelt(document, path)))

    @unittest.skipIf(IS_OWN, "a test of this check")
    def test_a_wrong_type_would_be_found(self):
        wrong = copy.deepcopy(DOCUMENTS["ScaledObject"])
        wrong["spec"]["triggers"][0]["metadata"]["queueLength"] = 20
        self.assertIsNotNone(fault(wrong))
        wrong = copy.deepcopy(DOCUMENTS["Deployment"])
        wrong["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] = 25
        self.assertIsNotNone(fault(wrong))


class Kubernetes(unittest.TestCase):
    def test_the_documents_belong_together(self):
        name = DOCUMENTS["Deployment"]["metadata"]["name"]
        labels = DEPLOYMENT["template"]["metadata"]["labels"]
        self.assertEqual(DEPLOYMENT["selector"]["matchLabels"], labels)
        budget = DOCUMENTS["PodDisruptionBudget"]["spec"]
        self.assertEqual(budget["selector"]["matchLabels"], labels)
        account = DOCUMENTS["ServiceAccount"]["metadata"]["name"]
        self.assertEqual(POD["serviceAccountName"], account)
        self.assertEqual(DOCUMENTS["ScaledObject"]["spec"]["scaleTargetRef"], {"name": name})
        authentication = DOCUMENTS["TriggerAuthentication"]["metadata"]["name"]
        self.assertEqual(TRIGGER["authenticationRef"], {"name": authentication})

    def test_only_keda_decides_how_many_workers_there_are(self):
        self.assertNotIn("replicas", DEPLOYMENT)
        self.assertEqual(len(DOCUMENTS["ScaledObject"]["spec"]["triggers"]), 1)

    def test_the_last_worker_may_be_evicted(self):
        # Kubernetes rounds a percentage up.
        self.assertRegex(DOCUMENTS["PodDisruptionBudget"]["spec"]["maxUnavailable"], r"^[1-9]\d?%$")

    def test_the_grace_period_fits_the_drain(self):
        drain = int(variables(WORKER["env"])["S3_DISPATCH_DRAIN"])
        self.assertGreaterEqual(POD["terminationGracePeriodSeconds"], drain + SPARE)

    def test_the_probes_ask_the_address_of_the_worker(self):
        address = variables(WORKER["env"])["S3_DISPATCH_HEALTH"]
        (port,) = WORKER["ports"]
        self.assertEqual(address, f"[::]:{port['containerPort']}")
        paths = {
            probe: WORKER[probe]["httpGet"]
            for probe in ("livenessProbe", "readinessProbe", "startupProbe")
        }
        self.assertEqual(
            paths,
            {
                "livenessProbe": {"path": "/livez", "port": port["name"]},
                "readinessProbe": {"path": "/readyz", "port": port["name"]},
                "startupProbe": {"path": "/livez", "port": port["name"]},
            },
        )

    def test_keda_looks_at_the_queue_of_the_worker(self):
        worker = variables(WORKER["env"])
        self.assertIn(TRIGGER["metadata"]["queueURLFromEnv"], worker)
        region = worker["AWS_REGION"]
        self.assertEqual(TRIGGER["metadata"]["awsRegion"], region)
        self.assertIn(f".{region}.", worker["S3_DISPATCH_QUEUE_URL"])
        self.assertEqual(TRIGGER["metadata"]["queueLength"], worker["S3_DISPATCH_IN_FLIGHT"])
        self.assertNotEqual(TRIGGER["metadata"].get("scaleOnInFlight"), "false")

    def test_a_pod_runs_with_few_rights(self):
        self.assertTrue(POD["securityContext"]["runAsNonRoot"])
        self.assertNotEqual(POD["securityContext"]["runAsUser"], 0)
        self.assertEqual(POD["securityContext"]["seccompProfile"], {"type": "RuntimeDefault"})
        self.assertFalse(POD["automountServiceAccountToken"])
        context = WORKER["securityContext"]
        self.assertTrue(context["readOnlyRootFilesystem"])
        self.assertFalse(context["allowPrivilegeEscalation"])
        self.assertEqual(context["capabilities"], {"drop": ["ALL"]})

    def test_the_variables_are_settings(self):
        names = {name for name in variables(WORKER["env"]) if name.startswith("S3_DISPATCH_")}
        unknown = sorted(names - SETTINGS - OTHER_SETTINGS)
        self.assertEqual(unknown, [], "these variables are not settings")


class Container(unittest.TestCase):
    def setUp(self):
        text = (DEPLOY / "container" / "Dockerfile").read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if line and not line.startswith("#")]
        starts = [index for index, line in enumerate(lines) if line.startswith("FROM ")]
        self.stage = [line.split(maxsplit=1) for line in lines[starts[-1] :]]

        (features,) = re.findall(r"^ARG FEATURES=(\S+)$", text, re.M)
        self.features = set(features.split(","))

    def last(self, instruction):
        return [value for name, value in self.stage if name == instruction][-1]

    def test_the_image_is_static_and_not_of_root(self):
        self.assertIn("distroless/static", self.last("FROM"))
        self.assertTrue(self.last("FROM").endswith(":nonroot"))
        user = self.last("USER")
        pod = POD["securityContext"]
        self.assertEqual(user, f"{pod['runAsUser']}:{pod['runAsGroup']}")
        self.assertNotIn("RUN", [name for name, _ in self.stage])

    def test_the_program_has_what_the_readme_promises(self):
        readme = (DEPLOY / "container" / "README.md").read_text()
        for text, feature in [
            ("or flags after `work`", "s3-dispatch/worker"),
            ("`/livez`, `/readyz` and `/metrics`", "s3-dispatch/prometheus"),
        ]:
            self.assertIn(text, readme)
            self.assertIn(feature, self.features)
        self.assertIn(f"by default `{','.join(sorted(self.features, reverse=True))}`", readme)

    def test_the_program_itself_gets_the_signal(self):
        self.assertEqual(json.loads(self.last("ENTRYPOINT")), ["/program"])
        self.assertEqual(json.loads(self.last("CMD")), ["work"])
        self.assertTrue(self.last("COPY").endswith(" /program"))
        self.assertNotIn("STOPSIGNAL", [name for name, _ in self.stage])


class Ecs(unittest.TestCase):
    def setUp(self):
        readme = (DEPLOY / "container" / "README.md").read_text()
        self.readme = readme
        (definition,) = re.findall(r"```json\n(.*?)```", readme, re.S)
        (self.worker,) = json.loads(definition)["containerDefinitions"]

    def test_the_stop_timeout_fits_the_drain(self):
        drain = int(variables(self.worker["environment"])["S3_DISPATCH_DRAIN"])
        self.assertGreaterEqual(self.worker["stopTimeout"], drain + SPARE)
        # The limit of Fargate.
        self.assertLessEqual(self.worker["stopTimeout"], 120)

    def test_the_variables_are_settings(self):
        names = set(variables(self.worker["environment"]))
        self.assertLessEqual({name for name in names if name.startswith("S3_")}, SETTINGS)
        self.assertIn("S3_DISPATCH_QUEUE_URL", names)
        self.assertEqual(self.worker["command"], ["work"])

    def test_the_readme_lists_every_setting(self):
        listed = set(re.findall(r"^\| `(S3_DISPATCH_\w+)` \|", self.readme, re.M))
        self.assertEqual(listed, SETTINGS)


class OwnManifests(unittest.TestCase):
    """What a user gets who checks manifests of their own."""

    def check(self, change):
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "own"
            shutil.copytree(DEPLOY / "kubernetes", own)
            change(own)
            command = [sys.executable, __file__, str(own)]
            done = subprocess.run(command, capture_output=True, text=True)
            return done.returncode, done.stderr

    def replace(self, old, new):
        def change(own):
            for file in own.glob("*.yaml"):
                file.write_text(file.read_text().replace(old, new))

        return self.check(change)

    def test_another_name_is_right(self):
        status, errors = self.replace("thumbnailer", "mirror")
        self.assertEqual(status, 0, errors)

    def test_a_document_more_is_right(self):
        text = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: workers\n"
        status, errors = self.check(lambda own: (own / "namespace.yml").write_text(text))
        self.assertEqual(status, 0, errors)

    def test_a_mistake_is_found(self):
        status, errors = self.replace("terminationGracePeriodSeconds: 30", "replicas: 3")
        self.assertNotEqual(status, 0)
        self.assertIn("replicas", errors)
        status, errors = self.check(lambda own: (own / "scaled-object.yaml").unlink())
        self.assertNotEqual(status, 0)
        self.assertIn("has no ScaledObject", errors)


if __name__ == "__main__":
    # The other classes are about other files.
    unittest.main(argv=[sys.argv[0], *(["Schemas", "Kubernetes"] if IS_OWN else [])])
