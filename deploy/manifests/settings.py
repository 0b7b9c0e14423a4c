"""The environment variables that a worker reads. A test compares them with the code."""

import dataclasses
import difflib
import ipaddress
import re
from urllib.parse import urlsplit

LEVELS = ("error", "warn", "info", "debug", "trace")

# What a worker uses if nothing is set.
DRAIN = 25
HANDLERS = 10


@dataclasses.dataclass(frozen=True)
class Setting:
    """A variable, the flag of `work` that means the same, and its smallest and largest number."""

    flag: str | None = None
    range: tuple[int, int] | None = None


SETTINGS = {
    "S3_DISPATCH_QUEUE_URL": Setting("--queue-url"),
    "S3_DISPATCH_DEAD_LETTERS_URL": Setting(),
    "S3_DISPATCH_CONCURRENCY": Setting("--concurrency", (1, 100_000)),
    "S3_DISPATCH_IN_FLIGHT": Setting("--in-flight", (1, 100_000)),
    "S3_DISPATCH_RECEIVERS": Setting("--receivers", (1, 8)),
    "S3_DISPATCH_VISIBILITY": Setting("--visibility", (2, 43_200)),
    "S3_DISPATCH_DRAIN": Setting("--drain", (0, 43_200)),
    "S3_DISPATCH_HEALTH": Setting("--health"),
    "S3_DISPATCH_LOG_HANDLED": Setting(),
    "S3_DISPATCH_LOG_UNROUTED": Setting(),
    "S3_DISPATCH_STORE_TABLE": Setting(),
}


def held(in_flight, concurrency):
    """How many messages a worker holds: the setting, or what it does by default."""
    return in_flight if in_flight is not None else 2 * (concurrency or HANDLERS) + 10


def unknown_setting(name):
    """Says why a variable is not a setting, or returns None if it is none of ours."""
    if name in SETTINGS or not re.match(r"S3_?DISPATCH", name, re.IGNORECASE):
        return None
    if near := difflib.get_close_matches(name.upper(), SETTINGS, n=1, cutoff=0.8):
        return f"is not a setting; did you mean `{near[0]}`"
    return f"is not a setting; there is {', '.join(f'`{known}`' for known in SETTINGS)}"


def problem(name, value):
    """Says what the value of a setting must be, or returns None if it is right."""
    if limits := SETTINGS[name].range:
        smallest, largest = limits
        if re.fullmatch("[0-9]+", value) and smallest <= int(value) <= largest:
            return None
        return f"a whole number from {smallest} to {largest}"
    if name == "S3_DISPATCH_HEALTH":
        return health_problem(value)
    if name.endswith("_URL"):
        url = urlsplit(value)
        is_queue = url.scheme in ("http", "https") and url.netloc and url.path.count("/") >= 2
        example = "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"
        return None if is_queue else f"the URL of a queue, such as {example}"
    if name.startswith("S3_DISPATCH_LOG_"):
        is_level = value.strip().lower() in ("", *LEVELS)
        return None if is_level else f"one of {', '.join(f'`{level}`' for level in LEVELS)}"
    return None if value else "a name"


def health_address(value):
    """Returns the address and the port of a health server, or None."""
    found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\]]+)):([0-9]+)", value)
    if not found or int(found[3]) > 65535:
        return None
    try:
        address = ipaddress.ip_address(found[1] or found[2])
    except ValueError:
        return None
    return (address, int(found[3])) if (address.version == 6) == bool(found[1]) else None


def health_problem(value):
    parsed = health_address(value)
    if parsed is None:
        return "an IP address with a port, such as `[::]:8080`"
    if parsed[0].is_loopback:
        return f"reachable from outside of the pod, such as `[::]:{parsed[1]}`"
    return None
