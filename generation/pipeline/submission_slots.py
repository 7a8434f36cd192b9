"""Claims the right to send one request to a provider, and queues a rejected row again.

The slot is claimed and the intent is written in one transaction, before anything is sent.
"""

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
from generation.models import Job
from generation.pipeline.transitions import MAX_ATTEMPTS, allow, back_off, error_fields, move
from generation.providers.base import ErrorKind, ProviderError
from generation.states import Status

#: Lease of a submit. Nothing prolongs it while the answer is awaited, so it must outlast the client's own timeout.
SUBMIT_SECONDS = 200
#: After these errors the provider has not accepted anything: sending again cannot charge twice.
NOT_ACCEPTED = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.NETWORK})


def claim_slot(lease: Lease[RowT]) -> bool:
    """Move the row to `submitting` if its connection has room, else release it with the reason why it waits.

    True permits exactly one request. Raises LeaseLost.
    """
    with transaction.atomic():
        wait = admission.admit(require_connection_id(lease.job))
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
    # The dispatcher adds how many are ahead; writing the bare reason over that would make the card flicker.
    is_shown = wait.matches(lease.job.waiting_for)
    changes: dict[str, Any] = {} if is_shown else {"waiting_for": wait.describe(), "waiting_until": wait.until}
    lease.release(next_step_in=min(wait.seconds, admission.LOOK_AGAIN_SECONDS), quietly=is_shown, **changes)


def requeue_rejected(lease: Lease[RowT], error: ProviderError) -> None:
    """Queue the row again after a submit that was not accepted, and pause its connection for every waiting row.

    The row waits for its own back-off too: accepted requests of others end the connection's pauses, and its attempts must
    not be used up within seconds. Raises ProviderError after MAX_ATTEMPTS, and LeaseLost.
    """
    row = lease.job
    pause = admission.pause(require_connection_id(row), error)
    if row.attempt >= MAX_ATTEMPTS:
        message = f"{error.message} Tried {row.attempt} times."
        raise ProviderError(error.kind, message, code=error.code, request_id=error.request_id)
    seconds = max(pause.seconds, back_off(row.attempt))
    lease.release(
        status=allow(row, Status.QUEUED),
        next_step_in=seconds,
        waiting_for=pause.describe(),
        waiting_until=max(filter(None, (pause.until, timezone.now() + timedelta(seconds=seconds)))),
        **error_fields(error),
    )


def require_connection_id(row: Job) -> int:
    assert row.connection_id is not None, "only local renders have no connection"
    return row.connection_id
