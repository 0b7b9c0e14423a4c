"""What must be right in what starts and ends the pods of a worker."""

import re

from . import settings
from .documents import Finding, shown
from .pods import matches, same_namespace
from .worker import ELSEWHERE

# Where a Deployment describes its pods.
PODS = ("spec", "template", "metadata")

# KEDA's own target ("AWS SQS Queue", KEDA documentation 2.16).
QUEUE_LENGTH = 5


def check_scaling(worker):
    """Yields what is wrong in the documents that start and end the pods of a worker."""
    yield from check_budget(worker)
    yield from check_scalers(worker)


def check_budget(worker):
    budgets = worker.all("PodDisruptionBudget")
    ours = [budget for budget in budgets if matches(budget.get("spec", "selector"), worker.labels)]
    for budget in ours:
        yield from same_namespace(worker, budget)
        yield from check_evictions(budget)
    if ours:
        return
    pods = [found.get(*PODS, "labels") or {} for found in worker.all("Deployment")]
    strays = [
        budget
        for budget in budgets
        if not any(matches(budget.get("spec", "selector"), labels) for labels in pods)
    ]
    labels = f"labels of the pods of `{worker.deployment.name}`: {shown(worker.labels)}"
    for budget in strays:
        yield budget.wrong(("spec", "selector", "matchLabels"), labels)
    if not strays:
        yield lacks(worker, "PodDisruptionBudget", "disruption-budget.yaml")


def lacks(worker, kind, example):
    """A finding: a worker has no document of a kind."""
    name = worker.deployment.name
    text = f"the folder has no {kind} for `{name}`: add one, as in deploy/kubernetes/{example}"
    return Finding(worker.deployment.file, 0, text)


def check_evictions(budget):
    """Yields a finding if a budget keeps the last worker, so that its node cannot be drained."""
    why = "so that the last worker may be evicted, which loses nothing"
    least, most = budget.get("spec", "minAvailable"), budget.get("spec", "maxUnavailable")
    if least is not None and not is_nothing(least):
        yield budget.wrong(("spec", "minAvailable"), f"`maxUnavailable: 25%` instead, {why}")
    elif least is None and (most is None or is_nothing(most)):
        yield budget.wrong(("spec", "maxUnavailable"), f"at least 1 or 1%, {why}")


def is_nothing(amount):
    """Whether an amount of pods, such as 2 or `25%`, is none. Kubernetes rounds percentages up."""
    return int(re.sub(r"\D", "", str(amount)) or 0) == 0


def check_scalers(worker):
    name = worker.deployment.name
    scalers = [found for found in worker.all("ScaledObject") if targets(found, worker)]
    others = [found for found in worker.all("HorizontalPodAutoscaler") if targets(found, worker)]
    if not scalers and not others:
        strays = [
            found
            for found in worker.all("ScaledObject")
            if not worker.named("Deployment", found.get("spec", "scaleTargetRef", "name"))
        ]
        for stray in strays:
            yield stray.wrong(("spec", "scaleTargetRef", "name"), f"`{name}`, the Deployment")
        if not strays:
            yield lacks(worker, "ScaledObject", "scaled-object.yaml")
        return

    for extra in [*scalers[1:], *(others if scalers else others[1:])]:
        path, first = ("spec", "scaleTargetRef", "name"), (scalers or others)[0].file
        yield extra.wrong(path, f"another Deployment: `{first}` scales this one; remove either")
    if worker.deployment.get("spec", "replicas") is not None:
        scaler = (scalers or others)[0].kind
        why = f"the {scaler} sets the number, and each `kubectl apply` would reset it"
        text = f"is {worker.deployment.get('spec', 'replicas')}, and must not be there: {why}"
        yield worker.deployment.finding(("spec", "replicas"), text)
    for scaler in scalers[:1]:
        yield from same_namespace(worker, scaler)
        yield from check_trigger(worker, scaler)


def targets(scaler, worker):
    """Whether a document scales the Deployment of a worker."""
    target = scaler.get("spec", "scaleTargetRef") or {}
    return target.get("name") == worker.deployment.name and target.get("kind") in (
        None,
        "Deployment",
    )


def check_trigger(worker, scaler):
    triggers = [
        path
        for path, trigger in scaler.each("spec", "triggers")
        if trigger["type"] == "aws-sqs-queue"
    ]
    if len(triggers) != 1:
        types = ", ".join(f"`{trigger['type']}`" for trigger in scaler.get("spec", "triggers"))
        text = f"has the types {types or 'of no trigger'}, and must have one `aws-sqs-queue`"
        yield scaler.finding(("spec", "triggers"), text)
        return
    path = triggers[0]
    yield from check_queue(worker, scaler, path)
    yield from check_region(worker, scaler, path)
    yield from check_length(worker, scaler, path)
    yield from check_authentication(worker, scaler, path)


def check_queue(worker, scaler, trigger):
    """Yields a finding if KEDA looks at another queue than the worker."""
    queue = worker.setting("S3_DISPATCH_QUEUE_URL")[0]
    at = (*trigger, "metadata")
    url, name = (scaler.get(*at, key) for key in ("queueURL", "queueURLFromEnv"))
    if url is not None:
        if isinstance(queue, str) and url != queue:
            yield scaler.wrong((*at, "queueURL"), f"the queue of the worker, {queue}")
        return
    value = worker.variables.get(name, (ELSEWHERE if name and worker.is_open else None,))[0]
    if queue is None:
        # That is a finding of its own.
        return
    if value is None or (isinstance(value, str) and isinstance(queue, str) and value != queue):
        what = "`S3_DISPATCH_QUEUE_URL`, the variable with the queue of the worker"
        yield scaler.wrong((*at, "queueURLFromEnv"), what)
    elif worker.index:
        container = ("spec", "scaleTargetRef", "envSourceContainerName")
        if scaler.get(*container) != worker.get("name"):
            why = "or KEDA reads the variables of the first container"
            yield scaler.wrong(container, f"`{worker.get('name')}`, {why}")


def check_region(worker, scaler, trigger):
    """Yields what names another region than the URL of the queue."""
    queue = worker.setting("S3_DISPATCH_QUEUE_URL")[0]
    found = re.match(r"https://sqs\.([a-z0-9-]+)\.amazonaws\.com", str(queue))
    named, path = worker.variables.get("AWS_REGION", (None, None))
    region = found[1] if found else named
    if not isinstance(region, str):
        region = None
    at = (*trigger, "metadata", "awsRegion")
    if scaler.get(*at) is None or (region and scaler.get(*at) != region):
        yield scaler.wrong(at, f"`{region}`, the region of the queue" if region else "a region")
    if isinstance(named, str) and named != region:
        yield worker.wrong(path, f"`{region}`, the region of S3_DISPATCH_QUEUE_URL")


def check_length(worker, scaler, trigger):
    """Yields a finding if KEDA starts workers that have nothing to do.

    It starts one for each `queueLength` messages, also for those that others hold already. With
    fewer than a worker holds, there are more workers than messages can reach. With more, messages
    wait for a worker instead of starting one, which is for the user to choose.
    """
    at = (*trigger, "metadata")
    names = ("S3_DISPATCH_IN_FLIGHT", "S3_DISPATCH_CONCURRENCY")
    in_flight, concurrency = map(worker.number, names)
    is_elsewhere = any(worker.setting(name)[0] is ELSEWHERE for name in names)
    if scaler.get(*at, "scaleOnInFlight") not in (None, "true"):
        why = "or KEDA ends workers that are busy"
        yield scaler.wrong((*at, "scaleOnInFlight"), f'"true", {why}')
    length = scaler.get(*at, "queueLength")
    if length is not None and not re.fullmatch(r"[1-9][0-9]*", length):
        yield scaler.wrong((*at, "queueLength"), 'a whole number in quotes, such as "20"')
    elif not (in_flight is None and is_elsewhere):
        least = settings.held(in_flight, concurrency)
        if int(length or QUEUE_LENGTH) < least:
            held = (
                "S3_DISPATCH_IN_FLIGHT"
                if in_flight is not None
                else (
                    "which a worker holds by default; set S3_DISPATCH_IN_FLIGHT if yours holds less"
                )
            )
            why = "with a lower one, workers start that have nothing to do"
            yield scaler.wrong((*at, "queueLength"), f"at least {least}, {held}: {why}")


def check_authentication(worker, scaler, trigger):
    if scaler.get(*trigger, "metadata", "identityOwner") == "operator":
        return
    reference = (*trigger, "authenticationRef")
    if scaler.get(*reference, "kind") == "ClusterTriggerAuthentication":
        return
    found = worker.named("TriggerAuthentication", scaler.get(*reference, "name"))
    if found:
        yield from same_namespace(worker, found)
        return
    names = " or ".join(f"`{found.name}`" for found in worker.all("TriggerAuthentication"))
    what = names or "the folder has none; add one, as in deploy/kubernetes/scaled-object.yaml"
    yield scaler.wrong((*reference, "name"), f"that of a TriggerAuthentication: {what}")
