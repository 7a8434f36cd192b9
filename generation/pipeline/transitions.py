"""Changes statuses: each checked against the table in states.py, conditional on the lease, in one write.

`allow`, `move` and `end` raise IllegalTransition for a step that is not in the table. `move` and `end` raise LeaseLost.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from core.money import exact
from generation.billing import budget
from generation.jobs.admission import LONGEST_RETRY_AFTER_SECONDS
from generation.jobs.lease import Lease, RowT
from generation.models import Generation, Job
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import is_local
from generation.states import TRANSITIONS, Status

#: For steps that killed their worker and for submissions that were rejected.
MAX_ATTEMPTS = 10
#: After these errors the provider may have made, and charged for, a clip.
UNCLEAR = frozenset({ErrorKind.UNKNOWN, ErrorKind.PROVIDER, ErrorKind.LOST, ErrorKind.OVERDUE})


class IllegalTransition(Exception):
    """A defect in this program, not a race: a race raises LeaseLost."""


def allow(job: Job, status: Status) -> Status:
    """Return `status`, to be written together with other fields."""
    if status not in TRANSITIONS[Status(job.status)]:
        raise IllegalTransition(f"{job.status} cannot become {status}")
    return status


def move(lease: Lease[RowT], status: Status, **changes: Any) -> None:
    lease.write(status=allow(lease.job, status), **changes)


def end(lease: Lease[RowT], status: Status, **changes: Any) -> None:
    """Change the status to a final one, or to unknown, and release the lease.

    A final status settles or releases the row's hold in the same transaction and needs `actual_cost`. While the status is
    unknown the hold stays: it may have to pay for a clip that exists.
    """
    if status != Status.UNKNOWN:
        changes["actual_cost"] = exact(changes["actual_cost"])
    with transaction.atomic():
        lease.release(status=allow(lease.job, status), finished_at=Now(), waiting_for="", waiting_until=None, **changes)
        if status != Status.UNKNOWN:
            budget.settle(lease.job, changes["actual_cost"])


def give_up(lease: Lease[RowT], error: ProviderError) -> None:
    """End as failed, with nothing charged, or as unknown if the provider may have charged for something."""
    job = lease.job
    may_be_charged = not is_local(job.provider) and job.status != Status.QUEUED
    if may_be_charged and error.kind in UNCLEAR:
        end(lease, Status.UNKNOWN, **error_fields(error))
    else:
        end(lease, Status.FAILED, actual_cost=Decimal(0), **error_fields(error))


def error_fields(error: ProviderError) -> dict[str, Any]:
    return {
        "error_kind": error.kind,
        "error_message": error.message,
        "error_code": error.code[:120],
        "error_request_id": error.request_id[:200],
    }


def accepted_fields(take: Generation, remote_id: str) -> dict[str, Any]:
    return {
        "status": allow(take, Status.RUNNING),
        "remote_id": remote_id,
        "cancel_sent": False,
        "started_at": Now(),
        "error_kind": "",
        "error_message": "",
    }


def back_off(attempt: int, error: Exception | None = None) -> float:
    """Seconds until the next attempt: doubles, up to five minutes; or what the `error` asks for, if that is longer."""
    asked = (error.retry_after or 0.0) if isinstance(error, ProviderError) else 0.0
    # Randomised, or all rows that failed together would come back together.
    doubled = min(300.0, 2.0 ** min(attempt, 9)) * random.uniform(0.5, 1.0)
    return max(doubled, min(asked, LONGEST_RETRY_AFTER_SECONDS))
