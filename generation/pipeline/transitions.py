"""How a status is changed: by the table of states.py, under a lease, and in one write with what goes with it."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from core.money import exact
from generation.billing import budget
from generation.jobs.lease import Lease, RowT
from generation.models import Advancing
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import is_local
from generation.states import TRANSITIONS, Status

#: A step that killed its worker this often, or a submit that was turned away so often, is not tried again.
MAX_ATTEMPTS = 10
#: After these nobody here knows whether there is a clip.
UNCLEAR = frozenset({ErrorKind.UNKNOWN, ErrorKind.PROVIDER, ErrorKind.LOST, ErrorKind.OVERDUE})


class IllegalTransition(Exception):
    """A defect: the transition table does not have this step."""


def allow(take: Advancing, status: Status) -> Status:
    if status not in TRANSITIONS[Status(take.status)]:
        raise IllegalTransition(f"{take.status} -> {status}")
    return status


def move(lease: Lease[RowT], status: Status, **changes: Any) -> None:
    """Change the status and keep the lease."""
    lease.write(status=allow(lease.take, status), **changes)


def end(lease: Lease[RowT], status: Status, **changes: Any) -> None:
    """Change the status for good, or until a person decides, and let go.

    What was set aside for the row is settled or released with it; while a person has to decide, it stays set aside.
    """
    if status != Status.UNKNOWN:
        changes["actual_cost"] = exact(changes["actual_cost"])
    with transaction.atomic():
        lease.let_go(status=allow(lease.take, status), finished_at=Now(), waiting_for="", waiting_until=None, **changes)
        if status != Status.UNKNOWN:
            budget.close(lease.take, changes["actual_cost"])


def give_up(lease: Lease[RowT], error: ProviderError) -> None:
    """Failed where it is certain that nothing was bought; else a person has to look."""
    take = lease.take
    may_be_paid = not is_local(take.provider) and take.status != Status.QUEUED
    if may_be_paid and error.kind in UNCLEAR:
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


def back_off(attempt: int) -> float:
    """Seconds until the next try: doubling up to five minutes, spread so that many rows do not come back together."""
    return min(300.0, 2.0 ** min(attempt, 9)) * random.uniform(0.5, 1.0)
