"""The steps of a take that is made elsewhere, for money: submit, look up, poll, fetch."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Coroutine
from contextvars import copy_context
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from core.money import exact
from generation import connections
from generation.jobs import admission
from generation.jobs.lease import CancelRequested, Lease, LeaseLost
from generation.media import storage
from generation.models import Generation
from generation.pipeline import reconcile
from generation.pipeline.render import SILENT_SECONDS, request_of, store, throttled, with_pictures
from generation.pipeline.submission_slots import NOT_ACCEPTED, connection_of, enter, turned_away
from generation.pipeline.transitions import MAX_ATTEMPTS, UNCLEAR, allow, back_off, end, error_fields
from generation.providers.base import Account, ErrorKind, Progress, ProgressState, ProviderError, RemoteProvider
from generation.providers.registry import remote_provider
from generation.states import Status

logger = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_UP_AFTER_SECONDS = 5
FIRST_POLL_SECONDS = 2
#: Whatever a provider asks for: a clip is paid for, and may be kept there for an hour only.
LONGEST_BETWEEN_POLLS = 60.0
CHECK_SECONDS = 45
#: The lease of a submit lasts longer.
WRITE_FOR_SECONDS, WRITE_AGAIN_SECONDS = 120.0, 1.0
#: Who wants a clip stopped that nobody can stop waits no longer once it has taken this many times as long as usual.
LATE_TIMES, LATE_AT_LEAST = 5, timedelta(minutes=10)


# -- Submitting --------------------------------------------------------------------------------------------------------


def submit(lease: Lease) -> None:
    """Write ahead, send, write the provider's id: whatever dies in between leaves a row in `submitting`."""
    take = lease.take
    if take.cancel_requested:
        raise CancelRequested
    provider = remote_provider(take.provider)  # loading an SDK takes a while, in which nothing is to be under way yet
    if not enter(lease):
        return
    try:
        account = connections.account_of(take)
        with with_pictures(take) as request:
            remote_id = provider.submit(account, request)
    except OSError as error:
        raise ProviderError(
            ErrorKind.STORAGE, f"A picture of this scene cannot be read: {error}. Nothing was sent."
        ) from error
    except ProviderError as error:
        if error.kind in NOT_ACCEPTED:
            turned_away(lease, error)
        elif error.kind in UNCLEAR:
            lease.let_go(next_step_in=LOOK_UP_AFTER_SECONDS, error_kind=error.kind, error_message=error.message)
        else:
            raise
    else:
        _accepted(lease, remote_id)
        admission.welcomed(connection_of(take))


def _accepted(lease: Lease, remote_id: str) -> None:
    """Write the clip's id down, however long the database is away: without it the clip can only be looked for."""
    deadline = time.monotonic() + WRITE_FOR_SECONDS
    while True:
        try:
            return _write_down(lease, remote_id)
        except LeaseLost:
            return _write_down_late(lease.take, remote_id)
        except (OperationalError, InterfaceError):
            if time.monotonic() > deadline:
                logger.exception("Take %s is %s at its provider, which could not be stored.", lease.take.pk, remote_id)
                raise
            close_old_connections()
            time.sleep(WRITE_AGAIN_SECONDS)


def _write_down(lease: Lease, remote_id: str) -> None:
    """Where this worker was stopped past its lease, another take may have been given the clip: then this one is looked up,
    as if the answer had been lost."""
    with transaction.atomic():
        is_ours = reconcile.is_free(lease.take, remote_id)
        begun = _begun(lease.take, remote_id) if is_ours else {}
        lease.let_go(next_step_in=FIRST_POLL_SECONDS if is_ours else LOOK_UP_AFTER_SECONDS, **begun)


def _write_down_late(take: Generation, remote_id: str) -> None:
    """Another worker took over and could only look for the clip, or has left it to a person: with the id it goes on."""
    looked_for = Generation.objects.filter(pk=take.pk, status__in=(Status.SUBMITTING, Status.UNKNOWN), remote_id="")
    with transaction.atomic():
        late = Lease.reclaim(looked_for) if reconcile.is_free(take, remote_id) else None
        if late:
            late.let_go(next_step_in=FIRST_POLL_SECONDS, finished_at=None, **_begun(late.take, remote_id))
    if late is None and not Generation.objects.filter(pk=take.pk, remote_id=remote_id).exists():
        logger.error("Take %s is %s at its provider; that came too late to be used.", take.pk, remote_id)


def _begun(take: Generation, remote_id: str) -> dict[str, Any]:
    return {
        "status": allow(take, Status.RUNNING),
        "remote_id": remote_id,
        "started_at": Now(),
        "error_kind": "",
        "error_message": "",
    }


def look_up(lease: Lease) -> None:
    """A submission whose end nobody saw: adopt the clip if the provider has it, else leave it to a person."""
    take = lease.take
    assert take.submitted_at is not None
    try:
        account = connections.account_of(take)
        known = reconcile.known_ids(take)
        remote_id = remote_provider(take.provider).find(account, request_of(take), take.submitted_at, known)
    except ProviderError as error:
        if take.attempt < MAX_ATTEMPTS:
            wait = back_off(take.attempt)
            told = f"Looking for it at the provider, which answers: {error.message}"
            lease.let_go(next_step_in=wait, attempt=F("attempt") + 1, waiting_for=told[:300], error_kind=error.kind)
            return
        remote_id = None
    if remote_id:
        with transaction.atomic():
            if reconcile.may_adopt(take, remote_id):
                lease.let_go(**_begun(take, remote_id), waiting_for="", was_adopted=True, recovered_at=Now())
            else:
                lease.let_go(next_step_in=LOOK_UP_AFTER_SECONDS)
    else:
        answer = f" Its answer was: {take.error_message}" if take.error_message else ""
        message = f"The provider did not say whether it accepted this clip.{answer}"
        end(lease, Status.UNKNOWN, error_kind=ErrorKind.UNKNOWN, error_message=message)


# -- Polling -----------------------------------------------------------------------------------------------------------


_of_thread = threading.local()


def on_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run it on this thread's own event loop, on which the providers' clients keep their connections.

    It runs in the context of now; left to itself a runner stays in the one it was made in.
    """
    if not hasattr(_of_thread, "runner"):
        _of_thread.runner = asyncio.Runner()
    runner: asyncio.Runner = _of_thread.runner
    return runner.run(work, context=copy_context())


async def ask(take: Generation) -> Progress:
    """Raises ProviderError."""
    account = connections.account_of(take)
    try:
        return await asyncio.wait_for(remote_provider(take.provider).check(account, take.remote_id), CHECK_SECONDS)
    except TimeoutError as error:
        raise ProviderError(ErrorKind.NETWORK, f"It did not answer within {CHECK_SECONDS} s.") from error


def poll(lease: Lease) -> None:
    """One take alone: where somebody wants it stopped, or a command drives it.

    It is asked about first: a clip that is finished is kept, whoever wanted it stopped.
    """
    take = lease.take
    told: Progress | ProviderError
    try:
        told = on_loop(ask(take))
    except ProviderError as error:
        told = error
    if take.cancel_requested:
        if isinstance(told, ProviderError):
            _stop_waiting(take, told)
        elif told.state == ProgressState.RUNNING and _stop_at_provider(lease):
            raise CancelRequested
    heed(lease, told)


def _stop_at_provider(lease: Lease) -> bool:
    """Whether the provider stopped it. Where it cannot, the wish is dropped: the clip is paid for and will be kept.

    Raises ProviderError where the clip is lost, or has been running for so long that nobody has to wait for it any more.
    """
    take = lease.take
    try:
        stopped = remote_provider(take.provider).cancel(connections.account_of(take), take.remote_id)
    except ProviderError as error:
        if error.kind == ErrorKind.LOST:
            raise
        _stop_waiting(take, error)
        return False  # asked again with the next poll
    if not stopped:
        _stop_waiting(take)
        lease.write(cancel_requested=False, waiting_for="It cannot be stopped there any more; the clip will be kept.")
    return stopped


def _stop_waiting(take: Generation, error: ProviderError | None = None) -> None:
    """Raises ProviderError where the clip is late; a person decides then what becomes of it."""
    model = connections.model_of(take)
    usual = timedelta(seconds=model.expected_seconds) if model else timedelta()
    is_lost = error is not None and error.kind == ErrorKind.LOST
    if not is_lost and _has_run_for(take, max(LATE_AT_LEAST, LATE_TIMES * usual)):
        answer = f"It answered: {error.message}" if error else "The provider cannot stop it."
        raise ProviderError(ErrorKind.OVERDUE, f"It took unusually long, and somebody stopped waiting. {answer}")


def _give_up_overdue(take: Generation, error: ProviderError | None = None) -> None:
    """Raises ProviderError for a clip that has been running for longer than anybody waits."""
    if _has_run_for(take, timedelta(hours=settings.LONGEST_RUN_HOURS)):
        answer = f"lastly it answered: {error.message}" if error else "the provider still says that it is running."
        raise ProviderError(ErrorKind.OVERDUE, f"After {settings.LONGEST_RUN_HOURS:g} hours {answer}")


def _has_run_for(take: Generation, limit: timedelta) -> bool:
    """By the database's clock, which is asked only where this machine's says so."""
    if take.started_at is None or timezone.now() - take.started_at < limit:
        return False
    return Generation.objects.filter(pk=take.pk, started_at__lte=Now() - limit).exists()


def heed(lease: Lease, told: Progress | ProviderError) -> None:
    """Write down what a poll told. Raises ProviderError, CancelRequested, LeaseLost."""
    take = lease.take
    if isinstance(told, ProviderError):
        if told.kind == ErrorKind.LOST:
            raise told
        _give_up_overdue(take, told)
        # One bad poll says nothing about the clip.
        unseen = take.error_kind == told.kind
        wait = min(told.retry_after or poll_delay(take, 0), LONGEST_BETWEEN_POLLS)
        lease.let_go(next_step_in=wait, quietly=unseen, error_kind=told.kind)
        return
    match told.state:
        case ProgressState.RUNNING:
            _give_up_overdue(take)
            percent = min(99, max(take.progress, told.percent))
            wait = min(told.poll_after or poll_delay(take, percent), LONGEST_BETWEEN_POLLS)
            unseen = percent == take.progress and not take.error_kind
            lease.let_go(progress=percent, next_step_in=wait, quietly=unseen, error_kind="")
        case ProgressState.DONE:
            cost: dict[str, Any] = {} if told.cost is None else {"actual_cost": exact(told.cost)}
            lease.let_go(status=allow(take, Status.FETCHING), progress=99, attempt=0, error_kind="", **cost)
        case ProgressState.CANCELLED:
            end(lease, Status.CANCELLED, actual_cost=told.cost or Decimal(0))
        case ProgressState.FAILED:
            failure = told.error or ProviderError(ErrorKind.PROVIDER, "The provider gave no reason.")
            end(lease, Status.FAILED, actual_cost=told.cost or Decimal(0), **error_fields(failure))


def poll_delay(take: Generation, percent: int) -> float:
    """Half of what seems to remain where the provider tells how far it is, else a tenth of how long it has been going on.

    Within 1 to 15 s, spread by 5 %.
    """
    elapsed = (timezone.now() - (take.started_at or take.created_at)).total_seconds()
    if 10 <= percent < 100:
        remaining = elapsed * (100 - percent) / percent
        delay = remaining if remaining < 2 else remaining / 2
    else:
        delay = elapsed / 10
    return min(15.0, max(1.0, delay)) * random.uniform(0.95, 1.05)


# -- Fetching ----------------------------------------------------------------------------------------------------------


def fetch(lease: Lease) -> None:
    """Download a clip that has been paid for: tried again for as long as it takes, and never called failed."""
    take = lease.take
    lease.write(attempt=F("attempt") + 1, hold_for=SILENT_SECONDS)
    try:
        with storage.scratch_file(take.pk, lease.token) as path:
            account = connections.account_of(take)
            provider = remote_provider(take.provider)
            if not storage.recover(take.pk, path):
                provider.fetch(
                    account, take.remote_id, path, throttled(lambda **_: lease.write(hold_for=SILENT_SECONDS))
                )
            store(lease, path, partial(_own_still, provider, account, take.remote_id))
    except (ProviderError, storage.NotAClip, OSError) as error:
        message = f"The clip is made; downloading it did not work yet: {error}"
        if take.attempt + 1 >= MAX_ATTEMPTS:
            end(lease, Status.UNKNOWN, error_kind=ErrorKind.PROVIDER, error_message=message)
        else:
            lease.let_go(next_step_in=back_off(take.attempt), error_message=message)


def _own_still(provider: RemoteProvider, account: Account, remote_id: str) -> bytes:
    """A clip does not wait for its thumbnail: where that cannot be had, one is made here."""
    try:
        return provider.thumbnail(account, remote_id)
    except ProviderError:
        return b""
