"""The statuses of a job and the transitions between them. Only pipeline/ makes a transition.

`transitions_as_mermaid` is the source of the picture in docs/pipeline.md; a test compares the two.
"""

from collections import Counter

from django.db.models import TextChoices


class Status(TextChoices):
    QUEUED = "queued", "Queued"
    SUBMITTING = "submitting", "Submitting"
    RUNNING = "running", "Running"
    FETCHING = "fetching", "Fetching"
    COMPLETED = "completed", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN = "unknown", "Needs review"


#: Local takes have no provider to submit to and go from queued to running. Images come with the answer to the submission and
#: go from submitting to completed, or from unknown if the answer came late. Nothing returns from unknown to queued: it could
#: be charged twice.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SUBMITTING, Status.RUNNING, Status.FAILED, Status.CANCELLED}),
    Status.SUBMITTING: frozenset(
        {Status.QUEUED, Status.RUNNING, Status.FAILED, Status.UNKNOWN, Status.CANCELLED, Status.COMPLETED}
    ),
    Status.RUNNING: frozenset({Status.FETCHING, Status.FAILED, Status.CANCELLED, Status.UNKNOWN}),
    Status.FETCHING: frozenset({Status.COMPLETED, Status.FAILED, Status.RUNNING, Status.UNKNOWN, Status.CANCELLED}),
    Status.UNKNOWN: frozenset({Status.RUNNING, Status.FETCHING, Status.FAILED, Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

ACTIVE = frozenset({Status.QUEUED, Status.SUBMITTING, Status.RUNNING, Status.FETCHING})
#: The provider runs them, or may run them: each occupies a slot of its connection.
AT_PROVIDER = frozenset({Status.SUBMITTING, Status.RUNNING})
FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)


def describe_slots(running: int, limit: int) -> str:
    """Such as "2 of 2 running", or "7 running, limit 2" if more run than are allowed by now."""
    return f"{running} of {limit} running" if running <= limit else f"{running} running, limit {limit}"


def describe_load(statuses: Counter[str], limit: int | None) -> str:
    """Such as "2 of 2 running, 5 downloading, 3 waiting". Downloads occupy no slot. Without a limit, the plain numbers."""
    running = sum(statuses[status] for status in AT_PROVIDER)
    parts = [
        f"{running} running" if limit is None else describe_slots(running, limit),
        f"{statuses[Status.FETCHING]} downloading" if statuses[Status.FETCHING] else "",
        f"{statuses[Status.QUEUED]} waiting" if statuses[Status.QUEUED] else "",
    ]
    return ", ".join(filter(None, parts))


def transitions_as_mermaid() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {Status.QUEUED}"]
    for status, following in TRANSITIONS.items():
        lines += [f"    {status} --> {target}" for target in Status if target in following]
    lines += [f"    {status} --> [*]" for status in Status if status in FINAL]
    return "\n".join(lines)
