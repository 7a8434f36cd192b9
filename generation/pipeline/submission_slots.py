"""How something gets to a provider: a place is taken and the intent written down, both or neither, before it is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from generation.jobs import admission
from generation.jobs.admission import Wait
from generation.jobs.lease import Lease, RowT
from generation.models import Advancing
from generation.pipeline.transitions import MAX_ATTEMPTS, allow, error_fields, move
from generation.providers.base import ErrorKind, ProviderError
from generation.states import Status

#: A submit sends no signs of life; its lease must outlast the client's own timeout.
SUBMIT_SECONDS = 200
#: A submit that ended so has not been accepted, and may be sent again.
NOT_ACCEPTED = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.NETWORK})


def enter(lease: Lease[RowT]) -> bool:
    """Whether there was a place; else the row is let go and waits."""
    with transaction.atomic():
        wait = admission.admit(connection_of(lease.job))
        if wait is None:
            move(
                lease,
                Status.SUBMITTING,
                hold_for=SUBMIT_SECONDS,
                attempt=F("attempt") + 1,
                submitted_at=Now(),
                waiting_for="",
                waiting_until=None,
            )
            lease.job.attempt += 1
            return True
        _wait(lease, wait)
        return False


def _wait(lease: Lease[RowT], wait: Wait) -> None:
    """The dispatcher tells a row how many are ahead of it; what the row says of the same reason already, stays."""
    said = lease.job.waiting_for.partition(";")[0] == wait.reason
    told: dict[str, Any] = {} if said else {"waiting_for": wait.reason[:300], "waiting_until": wait.until}
    lease.let_go(next_step_in=min(wait.seconds, admission.LOOK_AGAIN_SECONDS), quietly=said, **told)


def turned_away(lease: Lease[RowT], error: ProviderError) -> None:
    """Not accepted: everybody who waits for this connection waits with it; after many times it has failed."""
    row = lease.job
    pause = admission.pause(connection_of(row), error)
    if row.attempt >= MAX_ATTEMPTS:
        message = f"{error.message} Tried {row.attempt} times. Nothing was spent."
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id)
    assert row.connection is not None, "what is made elsewhere is made with an account"
    lease.let_go(
        status=allow(row, Status.QUEUED),
        next_step_in=pause,
        waiting_for=f"{row.connection.name} asked to wait: {error.message}"[:300],
        waiting_until=timezone.now() + timedelta(seconds=pause),
        **error_fields(error),
    )


def connection_of(row: Advancing) -> int:
    assert row.connection_id is not None, "what is made elsewhere is made with an account"
    return row.connection_id
