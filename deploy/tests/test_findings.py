"""Tests what is found in manifests of a user's own."""

import unittest

from manifests import check
from repository import KUBERNETES, copied

POD = "spec.template.spec"
WORKER = f"{POD}.containers[worker]"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/s3-dispatch-thumbnailer"
ENTRY = f"            - name: S3_DISPATCH_QUEUE_URL\n              value: {QUEUE}\n"

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  S3_DISPATCH_DRAIN: "60"
"""
HPA = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {name}
spec:
  maxReplicas: 3
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata:
  name: thumbnailer
spec:
  selector:
    app.kubernetes.io/name: thumbnailer
  ports:
    - name: metrics
      port: 80
      targetPort: health
"""
OTHER_DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example/web:1
"""


def texts(*changes, **files):
    """The findings in a copy of the manifests, without their lines."""
    with copied(*changes, **files) as folder:
        found = check(folder).findings
        return [
            f"{finding.file}: {finding.text}" if finding.file else finding.text for finding in found
        ]


class Findings(unittest.TestCase):
    maxDiff = None

    def wrong(self, expected, *changes, **files):
        """The first finding begins like this, and there is no other."""
        found = texts(*changes, **files)
        self.assertEqual(len(found), 1, found)
        self.assertEqual(found[0][: len(expected)], expected)

    def right(self, *changes, **files):
        self.assertEqual(texts(*changes, **files), [])

    def test_our_manifests_are_right(self):
        self.assertEqual(check(KUBERNETES).findings, [])
        self.assertEqual(check(KUBERNETES).checked.total(), 5)
        self.right(("thumbnailer", "mirror"))

    def test_a_misspelt_field_comes_with_the_right_one(self):
        self.wrong(
            f"deployment.yaml: {WORKER}.livenesProbe is not a field; did you mean `livenessProbe`",
            ("livenessProbe", "livenesProbe"),
        )
        self.wrong(
            "scaled-object.yaml: spec.minReplicas is not a field; did you mean `minReplicaCount`",
            ("minReplicaCount", "minReplicas"),
        )

    def test_a_wrong_kind_or_version_comes_with_the_right_one(self):
        self.wrong(
            "deployment.yaml: kind is `Deploymnet`, and must be a kind of `apps/v1`; "
            "did you mean `Deployment`",
            ("kind: Deployment", "kind: Deploymnet"),
        )
        self.wrong(
            "disruption-budget.yaml: apiVersion is `policy/v1beta1`, and must be `policy/v1`",
            ("policy/v1", "policy/v1beta1"),
        )

    def test_a_number_in_place_of_a_string_is_put_in_quotes(self):
        self.wrong(
            f"deployment.yaml: {WORKER}.env[S3_DISPATCH_DRAIN].value is 25, and must be a string: "
            'write "25", in quotes',
            ('value: "25"', "value: 25"),
        )
        self.wrong(
            "scaled-object.yaml: spec.minReplicaCount is `1`, and must be a whole number: write 1",
            ("minReplicaCount: 1", 'minReplicaCount: "1"'),
        )

    def test_what_is_not_yaml_is_said_with_its_line(self):
        with copied(("image: registry.example/thumbnailer:1", "image: {{ .image }}")) as folder:
            (found,) = check(folder).findings
        self.assertEqual((found.file, found.line), ("deployment.yaml", 30))
        self.assertIn("render a template (Helm)", found.text)
        with copied(('value: "25"\n', 'value: "25"\n              value: "30"\n')) as folder:
            (found,) = check(folder).findings
        self.assertEqual(str(found), "deployment.yaml:49: `value` is here twice: remove one")
        self.wrong(
            "deployment.yaml: is not YAML: a tab", ("\n      containers:", "\n\tcontainers:")
        )
        self.wrong("note.yaml: is `hello`, and must be an object", note="hello\n")

    def test_the_grace_period_fits_the_drain_wherever_it_is_set(self):
        grace = f"deployment.yaml: {POD}.terminationGracePeriodSeconds"
        wait = ("PeriodSeconds: 30", "PeriodSeconds: 29")
        self.wrong(f"{grace} is 29, and must be at least 30: S3_DISPATCH_DRAIN (25)", wait)
        self.right(("      terminationGracePeriodSeconds: 30\n", ""))
        for arguments in ('"--drain=60"', '"--drain", "60"'):
            change = ('args: ["work"]', f'args: ["work", {arguments}]')
            self.wrong(f"{grace} is 30, and must be at least 65", change)
        source = "envFrom:\n            - configMapRef:\n                name: settings\n"
        self.wrong(
            f"{grace} is 30, and must be at least 65",
            ('            - name: S3_DISPATCH_DRAIN\n              value: "25"\n', ""),
            ("          env:\n", f"          {source}          env:\n"),
            settings=CONFIG,
        )

    def test_settings_are_those_that_a_worker_reads(self):
        field = f"deployment.yaml: {WORKER}.env"
        self.wrong(
            f"{field}[S3_DISPATCH_INFLIGHT] is not a setting; did you mean `S3_DISPATCH_IN_FLIGHT`",
            ("S3_DISPATCH_IN_FLIGHT", "S3_DISPATCH_INFLIGHT"),
            ('queueLength: "20"', 'queueLength: "30"'),
        )
        self.wrong(
            f"{field}[S3_DISPATCH_DRAIN].value is `25s`, and must be a whole number from 0",
            ('value: "25"', 'value: "25s"'),
        )
        self.wrong(f"{field}[S3_DISPATCH_QUEUE_URL] is missing", (ENTRY, ""))
        more = "".join(
            f"            - name: {name}\n              value: {value}\n"
            for name, value in [
                ("S3_DISPATCH_LOG_HANDLED", "info"),
                ("S3_DISPATCH_STORE_TABLE", "s3-dispatch"),
                ("MY_OWN", "x"),
            ]
        )
        self.right((ENTRY, ENTRY + more))

    def test_a_value_that_is_elsewhere_is_not_judged(self):
        secret = "              valueFrom:\n                secretKeyRef:\n"
        secret += "                  name: queues\n                  key: url\n"
        self.right((f"              value: {QUEUE}\n", secret))

    def test_keda_starts_no_worker_without_work(self):
        field = "scaled-object.yaml: spec.triggers[0].metadata.queueLength"
        length = 'queueLength: "20"'
        for expected, new in [
            ("is `18`, and must be at least 20", 'queueLength: "18"'),
            ("is `many`, and must be a whole number", 'queueLength: "many"'),
            ("is missing, and must be at least 20", ""),
        ]:
            self.wrong(f"{field} {expected}", (length, new))
        self.right((length, 'queueLength: "200"'))
        held = '            - name: S3_DISPATCH_IN_FLIGHT\n              value: "20"\n'
        # Two handlers: 14.
        self.right((held, ""), (length, 'queueLength: "14"'))
        self.wrong(
            f"{field} is `13`, and must be at least 14", (held, ""), (length, 'queueLength: "13"')
        )

    def test_keda_looks_at_the_queue_of_the_worker(self):
        metadata = "scaled-object.yaml: spec.triggers[0].metadata"
        self.wrong(
            f"{metadata}.queueURLFromEnv is `QUEUE`, and must be `S3_DISPATCH_QUEUE_URL`",
            ("queueURLFromEnv: S3_DISPATCH_QUEUE_URL", "queueURLFromEnv: QUEUE"),
        )
        self.right(("queueURLFromEnv: S3_DISPATCH_QUEUE_URL", f"queueURL: {QUEUE}"))
        self.wrong(
            f"{metadata}.queueURL is ",
            ("queueURLFromEnv: S3_DISPATCH_QUEUE_URL", f"queueURL: {QUEUE}-other"),
        )
        self.wrong(
            f"{metadata}.awsRegion is `eu-west-1`, and must be `eu-central-1`",
            ("awsRegion: eu-central-1", "awsRegion: eu-west-1"),
        )
        self.wrong(
            f"deployment.yaml: {WORKER}.env[AWS_REGION].value is `eu-west-1`, and must be",
            ("value: eu-central-1", "value: eu-west-1"),
        )
        self.wrong(
            "scaled-object.yaml: spec.triggers has the types `cron`",
            ("type: aws-sqs-queue", "type: cron"),
        )
        self.wrong(
            f"{metadata}.scaleOnInFlight is `false`",
            ('scaleOnInFlight: "true"', 'scaleOnInFlight: "false"'),
        )

    def test_one_thing_decides_how_many_workers_there_are(self):
        spec = (
            "metadata:\n  name: thumbnailer\n  labels:\n    app.kubernetes.io/name: thumbnailer\n"
        )
        self.wrong(
            "deployment.yaml: spec.replicas is 3, and must not be there",
            (f"kind: Deployment\n{spec}spec:\n", f"kind: Deployment\n{spec}spec:\n  replicas: 3\n"),
        )
        self.wrong(
            "hpa.yaml: spec.scaleTargetRef.name is `thumbnailer`, and must be another Deployment",
            hpa=HPA.format(name="thumbnailer"),
        )
        self.wrong("deployment.yaml: the folder has no ScaledObject", scaled_object=None)
        self.right(scaled_object=None, hpa=HPA.format(name="thumbnailer"))

    def test_the_last_worker_may_be_evicted(self):
        for new in (
            "maxUnavailable: 0",
            "maxUnavailable: 0%",
            "minAvailable: 1",
            "minAvailable: 1%",
        ):
            with self.subTest(new):
                self.wrong("disruption-budget.yaml: spec.", ("maxUnavailable: 25%", new))
        for new in ("maxUnavailable: 1", "maxUnavailable: 100%", "minAvailable: 0"):
            with self.subTest(new):
                self.right(("maxUnavailable: 25%", new))
        self.wrong("deployment.yaml: the folder has no PodDisruptionBudget", disruption_budget=None)

    def test_probes_ask_the_health_server(self):
        self.wrong(
            f"deployment.yaml: {WORKER}.readinessProbe.httpGet.path is `/ready`, and must be `/rea",
            ("/readyz", "/ready"),
        )
        self.wrong(
            f"deployment.yaml: {WORKER}.env[S3_DISPATCH_HEALTH].value is `127.0.0.1:8080`",
            ("[::]:8080", "127.0.0.1:8080"),
        )
        for old, new, expected in [
            ("port: health", "port: http", "is `http`, and must be the name of a port"),
            (
                "[::]:8080",
                "[::]:80",
                "is `health`, and must be port 80, that of S3_DISPATCH_HEALTH",
            ),
            ("port: health", "port: 80", "is 80, and must be port 8080"),
        ]:
            found = texts((old, new))
            self.assertEqual(len(found), 3, found)
            self.assertIn(f"livenessProbe.httpGet.port {expected}", found[0])
        self.right(("port: health", "port: 8080"))

    def test_a_pod_has_few_rights(self):
        pod, own = f"deployment.yaml: {POD}", f"deployment.yaml: {WORKER}.securityContext"
        for old, new, expected in [
            ("runAsNonRoot: true", "runAsNonRoot: false", f"{pod}.securityContext.runAsNonRoot"),
            ("runAsUser: 65532", "runAsUser: 0", f"{pod}.securityContext.runAsUser is 0"),
            ("type: RuntimeDefault", "type: Unconfined", f"{pod}.securityContext.seccompProfile"),
            ("Token: false", "Token: true", f"{pod}.automountServiceAccountToken is true"),
            ("Filesystem: true", "Filesystem: false", f"{own}.readOnlyRootFilesystem is false"),
            ("Escalation: false", "Escalation: true", f"{own}.allowPrivilegeEscalation is true"),
            ('drop: ["ALL"]', "drop: [KILL]", f'{own}.capabilities.drop is ["KILL"]'),
        ]:
            with self.subTest(new):
                self.wrong(expected, (old, new))

    def test_the_documents_belong_together(self):
        self.wrong(
            f"deployment.yaml: {POD}.serviceAccountName is `me`, and must be the name of a "
            "ServiceAccount in the folder: `thumbnailer`",
            ("serviceAccountName: thumbnailer", "serviceAccountName: me"),
        )
        self.wrong(
            "scaled-object.yaml: spec.triggers[0].authenticationRef.name is `thumbnailer`, and",
            (
                "kind: TriggerAuthentication\nmetadata:\n  name: thumbnailer",
                "kind: TriggerAuthentication\nmetadata:\n  name: other",
            ),
        )
        self.wrong(
            "scaled-object.yaml: spec.scaleTargetRef.name is `other`, and must be `thumbnailer`",
            ("scaleTargetRef:\n    name: thumbnailer", "scaleTargetRef:\n    name: other"),
        )
        found = texts(
            ("kind: Deployment\nmetadata:\n", "kind: Deployment\nmetadata:\n  namespace: p\n")
        )
        self.assertEqual(len(found), 4, found)
        for finding in found:
            self.assertIn("metadata.namespace is missing, and must be `p`", finding)
        found = texts(
            ("      labels:\n        app.kubernetes.io/name", "      labels:\n        app")
        )
        self.assertEqual(
            [line.split(" is ")[0] for line in found],
            [
                "deployment.yaml: spec.selector.matchLabels",
                "disruption-budget.yaml: spec.selector.matchLabels",
            ],
        )
        self.wrong(
            "deployment.yaml: spec.template.spec.containers[worker].args is", ('"work"', '"wrk"')
        )

    def test_a_second_document_of_a_name_is_a_mistake(self):
        text = (KUBERNETES / "service-account.yaml").read_text()
        self.wrong(
            "service-account.yaml: metadata.name is `thumbnailer`, as in copy.yaml", copy=text
        )

    def test_other_documents_are_right(self):
        foreign = "apiVersion: monitoring.coreos.com/v1\nkind: PodMonitor\nmetadata:\n  name: m\n"
        self.right(
            config=CONFIG,
            foreign=foreign,
            hpa=HPA.format(name="web"),
            service=SERVICE,
            web=OTHER_DEPLOYMENT,
            namespace="---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: workers\n---\n",
        )
        self.wrong(
            "service.yaml: spec.selectr is not a field", service=SERVICE.replace("or:", "r:")
        )

    def test_a_folder_may_have_several_workers(self):
        second = "\n---\n".join(
            file.read_text().replace("thumbnailer", "mirror") for file in KUBERNETES.glob("*.yaml")
        )
        self.right(second=second)
        self.wrong("second.yaml: spec.maxUnavailable is 0", second=second.replace("25%", "0"))

    def test_what_one_worker_lacks_is_not_blamed_on_another(self):
        def without(kind):
            texts = "\n---\n".join(file.read_text() for file in sorted(KUBERNETES.glob("*.yaml")))
            parts = texts.replace("thumbnailer", "mirror").split("---\n")
            return "---\n".join(part for part in parts if f"kind: {kind}\n" not in part)

        for kind in ("PodDisruptionBudget", "ScaledObject"):
            expected = f"second.yaml: the folder has no {kind} for `mirror`"
            self.wrong(expected, second=without(kind))
