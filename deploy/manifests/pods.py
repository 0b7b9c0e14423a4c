"""What must be right in the Deployment of a worker."""

import re

from . import settings
from .documents import shown
from .settings import SETTINGS
from .worker import ELSEWHERE

# Seconds that remain of the grace period when a drain has ended.
SPARE = 5

# Kubernetes' own grace period.
GRACE = 30

# The probes, and what the health server answers them.
PROBES = {"livenessProbe": "/livez", "readinessProbe": "/readyz", "startupProbe": "/livez"}


def check_pods(worker):
    """Yields what is wrong in the Deployment of a worker."""
    yield from check_command(worker)
    yield from check_settings(worker)
    yield from check_drain(worker)
    yield from check_health(worker)
    yield from check_rights(worker)
    yield from check_labels(worker)
    yield from check_account(worker)


def check_command(worker):
    command, arguments = worker.get("command") or [], worker.get("args") or []
    if (command or arguments) and "work" not in (*command, *arguments):
        at = "args" if arguments else "command"
        yield worker.wrong(
            worker.within(at), 'a list that begins with the command `work`: write ["work"]'
        )


def check_settings(worker):
    for name, (_, path) in worker.variables.items():
        if wrong := settings.unknown_setting(name):
            yield worker.deployment.finding(path[:-1], wrong)

    for name in SETTINGS:
        value, path = worker.setting(name)
        if isinstance(value, str) and (what := settings.problem(name, value)):
            yield worker.wrong(path, what)

    name = "S3_DISPATCH_QUEUE_URL"
    queue, path = worker.setting(name)
    if queue is None:
        example = "set it to the URL of the queue, of `terraform output processors`"
        yield missing(worker, name, f"be there, or no worker starts: {example}")
    dead_letters, path = worker.setting("S3_DISPATCH_DEAD_LETTERS_URL")
    if isinstance(queue, str) and queue == dead_letters:
        yield worker.wrong(path, "another queue than S3_DISPATCH_QUEUE_URL")


def missing(worker, name, what):
    """A finding: a variable is not there."""
    field = worker.deployment.field(worker.within("env"))
    finding = worker.deployment.finding(worker.within("env"), "")
    return type(finding)(finding.file, finding.line, f"{field}[{name}] is missing, and must {what}")


def check_drain(worker):
    name = "S3_DISPATCH_DRAIN"
    drain = worker.number(name)
    if drain is None:
        if worker.setting(name)[0] is ELSEWHERE:
            return
        drain = settings.DRAIN
    path = worker.pod("terminationGracePeriodSeconds")
    grace = worker.deployment.get(*path)
    if (GRACE if grace is None else grace) < drain + SPARE:
        why = f"{name} ({drain}) and {SPARE} seconds more, or the pod is killed while it drains"
        yield worker.wrong(path, f"at least {drain + SPARE}: {why}")


def check_health(worker):
    name = "S3_DISPATCH_HEALTH"
    value, _ = worker.setting(name)
    if value is None:
        yield missing(worker, name, "be an address that the probes ask, such as `[::]:8080`")
        return
    address = settings.health_address(value) if isinstance(value, str) else None
    for probe, path in PROBES.items():
        yield from check_probe(worker, probe, path, address and address[1])


def check_probe(worker, probe, path, port):
    """Yields what is wrong in a probe. The port is None if it cannot be known."""
    expected = f"httpGet of {path}"
    if not worker.get(probe):
        yield worker.wrong(worker.within(probe), f"a probe with {expected}")
        return
    at = worker.within(probe, "httpGet")
    if not worker.deployment.get(*at):
        yield worker.wrong(
            at, f"{path}: a worker has no other health check, and its image no shell"
        )
        return
    if worker.deployment.get(*at, "path") != path:
        yield worker.wrong((*at, "path"), f"`{path}`")
    if worker.deployment.get(*at, "scheme") not in (None, "HTTP"):
        yield worker.wrong((*at, "scheme"), "`HTTP`: the health server has no certificate")

    asked = worker.deployment.get(*at, "port")
    ports = {entry.get("name"): entry["containerPort"] for entry in worker.get("ports") or []}
    if isinstance(asked, str) and asked not in ports:
        names = " or ".join(f"`{name}`" for name in ports if name) or "given in `ports`"
        yield worker.wrong((*at, "port"), f"the name of a port of the container: {names}")
    elif port is not None and ports.get(asked, asked) != port:
        found = f": `{asked}` is {ports[asked]}" if asked in ports else ""
        yield worker.wrong((*at, "port"), f"port {port}, that of S3_DISPATCH_HEALTH{found}")


def check_rights(worker):
    """Yields which rights the pod should not have. A container's word is stronger than a pod's."""
    pod, own = worker.pod("securityContext"), worker.within("securityContext")

    def effective(key):
        path = (*own, key) if worker.get("securityContext", key) is not None else (*pod, key)
        return path, worker.deployment.get(*path)

    path, value = effective("runAsNonRoot")
    if value is not True:
        yield worker.wrong(path, "true")
    path, value = effective("runAsUser")
    if value == 0:
        yield worker.wrong(path, "a user other than root, such as 65532, that of the image")
    path, value = effective("seccompProfile")
    if (value or {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield worker.wrong((*path, "type"), "`RuntimeDefault`")
    for key, wanted in (("readOnlyRootFilesystem", True), ("allowPrivilegeEscalation", False)):
        if worker.get("securityContext", key) is not wanted:
            yield worker.wrong((*own, key), shown(wanted))
    if "ALL" not in (worker.get("securityContext", "capabilities", "drop") or []):
        yield worker.wrong((*own, "capabilities", "drop"), '["ALL"]')
    if worker.deployment.get(*worker.pod("automountServiceAccountToken")) is not False:
        why = "false: a worker does not call Kubernetes, and the token for AWS is another one"
        yield worker.wrong(worker.pod("automountServiceAccountToken"), why)


def check_labels(worker):
    path = ("spec", "selector")
    if not matches(worker.deployment.get(*path), worker.labels):
        labels = f"labels that the pods have, which are {shown(worker.labels)}"
        yield worker.wrong((*path, "matchLabels"), labels)


def check_account(worker):
    path = worker.pod("serviceAccountName")
    name = worker.deployment.get(*path)
    account = worker.named("ServiceAccount", name)
    if account is None:
        names = [f"`{found.name}`" for found in worker.all("ServiceAccount")]
        what = " or ".join(names) or "add one, as in deploy/kubernetes/service-account.yaml"
        yield worker.wrong(path, f"the name of a ServiceAccount in the folder: {what}")
        return
    yield from same_namespace(worker, account)
    annotation = ("metadata", "annotations", "eks.amazonaws.com/role-arn")
    role = account.get(*annotation)
    if role is not None and not re.fullmatch(r"arn:[\w-]+:iam::[0-9]{12}:role/.+", role):
        example = "arn:aws:iam::123456789012:role/thumbnailer"
        yield account.wrong(annotation, f"the ARN of a role, such as {example}")


def same_namespace(worker, document):
    """Yields a finding if a document is in another namespace than the worker."""
    if document.namespace != worker.deployment.namespace:
        expected = f"`{worker.deployment.namespace}`, the namespace of the Deployment"
        yield document.wrong(("metadata", "namespace"), expected)


def matches(selector, labels):
    """Whether a selector of labels matches these."""
    selector = selector or {}
    wanted = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        agrees(expression, labels) for expression in selector.get("matchExpressions") or []
    )


def agrees(expression, labels):
    value, values = labels.get(expression["key"]), expression.get("values") or []
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(expression["operator"], False)
