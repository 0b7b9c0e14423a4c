"""Checks manifests that run a program as workers on Kubernetes, without a cluster.

    python -m manifests FOLDER

`load` reads a folder, and `check` returns what is wrong in it. Kubernetes' own kinds are held
against its schemas (`kubernetes-validate`), KEDA's against those of its custom resource definitions
(`cloudcoil-models-keda`). Then the manifests of a worker are held against each other.
"""

from .check import Result, check
from .documents import Document, Finding, load

__all__ = ["Document", "Finding", "Result", "check", "load"]
