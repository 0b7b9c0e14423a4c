"""A worker among the documents of a folder: a container of a Deployment that runs `work`."""

import functools

from .settings import SETTINGS

# The value of a variable that comes from elsewhere, such as a Secret.
ELSEWHERE = object()

POD = ("spec", "template", "spec")


class Worker:
    """The container of a Deployment that runs `work`, and the documents that belong to it."""

    def __init__(self, deployment, container, documents):
        self.deployment = deployment
        self.path = container
        self.container = deployment.get(*container)
        self.documents = documents

    @property
    def index(self):
        return self.path[-1]

    @property
    def labels(self):
        return self.deployment.get("spec", "template", "metadata", "labels") or {}

    def pod(self, *path):
        """A path in the pod."""
        return (*POD, *path)

    def within(self, *path):
        """A path in the container."""
        return (*self.path, *path)

    def get(self, *path):
        """Returns what is at a path of the container, or None."""
        return self.deployment.get(*self.within(*path))

    def wrong(self, path, what):
        return self.deployment.wrong(path, what)

    def all(self, kind):
        return [document for document in self.documents if document.kind == kind]

    def named(self, kind, name):
        """Returns the document with this kind and name, or None."""
        return next((found for found in self.all(kind) if found.name == name), None)

    @functools.cached_property
    def variables(self):
        """Each variable that the container is given, with its value and path."""
        found = {}
        for path, source in self.deployment.each(*self.within("envFrom")):
            source = source or {}
            config = self.named("ConfigMap", (source.get("configMapRef") or {}).get("name"))
            for key, value in (config.get("data") or {}).items() if config else ():
                found[f"{source.get('prefix') or ''}{key}"] = (value, path)
        for path, pair in self.deployment.each(*self.within("env")):
            found[pair["name"]] = (self.value(pair), (*path, "value"))
        return found

    def value(self, pair):
        """Returns the value of an entry of `env`."""
        reference = (pair.get("valueFrom") or {}).get("configMapKeyRef")
        if config := self.named("ConfigMap", (reference or {}).get("name")):
            return (config.get("data") or {}).get(reference["key"], ELSEWHERE)
        text = pair.get("value") or ""
        return ELSEWHERE if pair.get("valueFrom") or "$(" in text else text

    @property
    def is_open(self):
        """Whether variables come from something that is not in the folder."""
        sources = [entry or {} for entry in self.get("envFrom") or []]
        return any(
            not self.named("ConfigMap", (source.get("configMapRef") or {}).get("name"))
            for source in sources
        )

    def setting(self, name):
        """Returns the value of a setting and its path: of its flag, else of its variable.

        The value is None if nothing sets it, and `ELSEWHERE` if it cannot be seen here.
        """
        flag = SETTINGS[name].flag
        arguments = self.get("args") or []
        for index, argument in enumerate(arguments if flag else []):
            if argument == flag and index + 1 < len(arguments):
                return arguments[index + 1], self.within("args", index + 1)
            if argument.startswith(f"{flag}="):
                return argument.removeprefix(f"{flag}="), self.within("args", index)
        missing = ELSEWHERE if self.is_open else None
        return self.variables.get(name, (missing, self.within("env")))

    def number(self, name):
        """Returns the number that a setting has, or None."""
        value = self.setting(name)[0]
        return int(value) if isinstance(value, str) and value.isdecimal() else None


def workers(documents):
    """Returns the workers of a folder.

    A container is one if it runs `work` or has a setting. If there is only one Deployment, it is
    taken for a worker.
    """
    deployments = [document for document in documents if document.kind == "Deployment"]
    found = []
    for deployment in deployments:
        entries = list(deployment.each(*POD, "containers"))
        ours = [path for path, container in entries if runs_work(container)]
        if not ours and len(deployments) == 1:
            ours = [path for path, _ in entries[:1]]
        found += [Worker(deployment, path, documents) for path in ours]
    return found


def runs_work(container):
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    names = [pair.get("name", "") for pair in container.get("env") or []]
    return "work" in words or any(name.startswith("S3_DISPATCH_") for name in names)
