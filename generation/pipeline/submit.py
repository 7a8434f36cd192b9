"""Sends a take to its provider: at most once, whatever process dies.

`submitting` and the attempt are committed before the request, the provider's id right after the answer. A row left in
`submitting` is looked up (reconcile.py) and never sent again.
"""

from __future__ import annotations

import logging
import time

from django.db import InterfaceError, OperationalError, close_old_connections, transaction

from generation.connections import GivenKey, resolve_account
from generation.jobs import admission
from generation.jobs.lease import CancelRequested, Lease, LeaseLost
from generation.models import Generation
from generation.pipeline import reconcile
from generation.pipeline.provider_request import open_request
from generation.pipeline.submission_slots import NOT_ACCEPTED, claim_slot, requeue_rejected, require_connection_id
from generation.pipeline.transitions import UNCLEAR, accepted_fields
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import remote_provider
from generation.states import Status

logger = logging.getLogger(__name__)

FIRST_POLL_SECONDS = 2
#: How long, and how often, to try to write a clip's id; must end before the lease of a submit does.
WRITE_FOR_SECONDS, WRITE_AGAIN_SECONDS = 120.0, 1.0


def submit(lease: Lease, *, key: GivenKey | None = None) -> None:
    """Send the take if there is a free slot, else leave it queued. Raises ProviderError, CancelRequested, LeaseLost."""
    take = lease.job
    if take.cancel_requested:
        raise CancelRequested
    # Loading an SDK takes seconds; do it while a death still costs nothing.
    provider = remote_provider(take.provider)
    if not claim_slot(lease):
        return
    try:
        account = resolve_account(take, key)
        with open_request(take) as request:
            remote_id = provider.submit(account, request)
    except OSError as error:
        raise ProviderError(ErrorKind.STORAGE, f"An image of this scene can't be read: {error}.") from error
    except ProviderError as error:
        if error.kind in NOT_ACCEPTED:
            requeue_rejected(lease, error)
        elif error.kind in UNCLEAR:
            # It may have been accepted: the row stays in `submitting`, which is looked up and never sent again.
            lease.release(
                next_step_in=reconcile.LOOK_UP_AFTER_SECONDS, error_kind=error.kind, error_message=error.message
            )
        else:
            raise
    else:
        _save_remote_id(lease, remote_id)
        admission.reset_backoff(require_connection_id(take))


def _save_remote_id(lease: Lease, remote_id: str) -> None:
    """Write the clip's id, even if the lease ran out or the database is away for up to WRITE_FOR_SECONDS.

    Without its id a paid clip can only be searched for. If the id cannot be stored, it is in the log.
    """
    deadline = time.monotonic() + WRITE_FOR_SECONDS
    while True:
        try:
            return _start_polling(lease, remote_id)
        except LeaseLost:
            return _start_polling_late(lease.job, remote_id)
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                logger.exception("Could not store the clip ID of take %s at its provider: %s", lease.job.pk, remote_id)
                raise
            close_old_connections()
            time.sleep(WRITE_AGAIN_SECONDS)


def _start_polling(lease: Lease, remote_id: str) -> None:
    # While a worker was suspended past its lease, another take may have adopted the clip. Then this take is looked up, as
    # if the answer had been lost.
    with transaction.atomic():
        if reconcile.is_free(lease.job, remote_id):
            lease.release(next_step_in=FIRST_POLL_SECONDS, **accepted_fields(lease.job, remote_id))
        else:
            lease.release(next_step_in=reconcile.LOOK_UP_AFTER_SECONDS)


def _start_polling_late(take: Generation, remote_id: str) -> None:
    # The lease ran out before the answer came. Another worker could only look for the clip, or mark the row as unknown:
    # with the id the take continues, unless a person has decided.
    unsettled = Generation.objects.filter(pk=take.pk, status__in=(Status.SUBMITTING, Status.UNKNOWN), remote_id="")
    with transaction.atomic():
        late = Lease.reclaim(unsettled) if reconcile.is_free(take, remote_id) else None
        if late:
            late.release(next_step_in=FIRST_POLL_SECONDS, finished_at=None, **accepted_fields(late.job, remote_id))
    if late is None and not Generation.objects.filter(pk=take.pk, remote_id=remote_id).exists():
        logger.error("The clip ID of take %s arrived too late to be used: %s", take.pk, remote_id)
