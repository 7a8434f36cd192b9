"""The statuses of a job and the transitions between them. Only pipeline/ makes a transition.

`transitions_as_mermaid` is the source of the picture in docs/pipeline.md; a test compares the two.
"""

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
FINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)


def transitions_as_mermaid() -> str:
    lines = ["stateDiagram-v2", f"    [*] --> {Status.QUEUED}"]
    for status, following in TRANSITIONS.items():
        lines += [f"    {status} --> {target}" for target in Status if target in following]
    lines += [f"    {status} --> [*]" for status in Status if status in FINAL]
    return "\n".join(lines)
