"""Follows a clip at its provider. A poll may happen any number of times; only its answer changes the row."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from core.money import exact
from generation.connections import GivenKey, resolve_account, roster_for
from generation.jobs.lease import CancelRequested, Lease
from generation.models import Generation
from generation.pipeline.event_loop import run_async
from generation.pipeline.transitions import allow, end, error_fields
from generation.providers.base import ErrorKind, Progress, ProgressState, ProviderError
from generation.providers.registry import canceller, remote_provider
from generation.states import Status

#: Overrides a longer wait that a provider asks for: some keep a finished, paid clip for only an hour.
LONGEST_BETWEEN_POLLS = 60.0
CHECK_SECONDS = 45
#: After Cancel, a clip that the provider cannot cancel ends as unknown once it has run this many times its usual time.
LATE_TIMES, LATE_AT_LEAST = 5, timedelta(minutes=10)


async def check_progress(take: Generation, key: GivenKey | None = None) -> Progress:
    """Raises ProviderError, after CHECK_SECONDS at the latest."""
    account = resolve_account(take, key)
    try:
        return await asyncio.wait_for(remote_provider(take.provider).check(account, take.remote_id), CHECK_SECONDS)
    except TimeoutError as error:
        raise ProviderError(ErrorKind.NETWORK, f"No answer within {CHECK_SECONDS} s.") from error


def poll(lease: Lease, *, key: GivenKey | None = None) -> None:
    """Poll a single take: its cancellation is pending, or a command waits. Raises ProviderError, CancelRequested, LeaseLost.

    The provider is polled before anything is cancelled: a clip that is finished is paid for and is kept.
    """
    take = lease.job
    result: Progress | ProviderError
    try:
        result = run_async(check_progress(take, key))
    except ProviderError as error:
        result = error
    if take.cancel_requested:
        if isinstance(result, ProviderError):
            _raise_if_late(take, result)
        elif result.state == ProgressState.RUNNING and _cancel_at_provider(lease, key):
            raise CancelRequested
    apply_poll_result(lease, result)


def _cancel_at_provider(lease: Lease, key: GivenKey | None) -> bool:
    """Return whether the provider cancelled it. If it cannot, drop the request: the clip is paid for and will be kept.

    Raises ProviderError if the clip is late.
    """
    take = lease.job
    try:
        account = resolve_account(take, key)
        provider = canceller(take.provider, account)
        if provider:
            lease.write(cancel_sent=True)  # before the request: its answer may be lost
        cancelled = provider is not None and provider.cancel(account, take.remote_id)
    except ProviderError as error:
        if error.kind == ErrorKind.LOST:
            return True
        _raise_if_late(take, error)
        return False  # tried again with the next poll
    if not cancelled:
        _raise_if_late(take)
        message = "The provider can't cancel this clip anymore. It will be kept."
        lease.write(cancel_requested=False, cancel_sent=False, waiting_for=message)
    return cancelled


def _raise_if_late(take: Generation, error: ProviderError | None = None) -> None:
    """Raises ProviderError if the clip takes unusually long; a person then decides."""
    model = roster_for(take.team_id).resolve_model(take)
    usual = timedelta(seconds=model.expected_seconds) if model else timedelta()
    is_lost = error is not None and error.kind == ErrorKind.LOST
    if not is_lost and _has_run_for(take, max(LATE_AT_LEAST, LATE_TIMES * usual)):
        answer = f"Last answer: {error.message}" if error else "The provider can't cancel it."
        raise ProviderError(ErrorKind.OVERDUE, f"Stopped waiting because this took unusually long. {answer}")


def _raise_if_overdue(take: Generation, error: ProviderError | None = None) -> None:
    """Raises ProviderError if the clip has been running for longer than LONGEST_RUN_HOURS."""
    if _has_run_for(take, timedelta(hours=settings.LONGEST_RUN_HOURS)):
        hours = f"{settings.LONGEST_RUN_HOURS:g} hours"
        message = (
            f"Not finished after {hours}. Last answer: {error.message}" if error else f"Still running after {hours}."
        )
        raise ProviderError(ErrorKind.OVERDUE, message)


def _has_run_for(take: Generation, limit: timedelta) -> bool:
    # The database's clock decides: this machine's may be hours off. The query is skipped while this machine's says no.
    if take.started_at is None or timezone.now() - take.started_at < limit:
        return False
    return Generation.objects.filter(pk=take.pk, started_at__lte=Now() - limit).exists()


def apply_poll_result(lease: Lease, result: Progress | ProviderError) -> None:
    """Write the result of a poll and release the lease. Raises ProviderError, CancelRequested, LeaseLost."""
    take = lease.job
    if isinstance(result, ProviderError):
        _apply_poll_error(lease, result)
        return
    match result.state:
        case ProgressState.RUNNING:
            _raise_if_overdue(take)
            percent = min(99, max(take.progress, result.percent))
            wait = min(result.poll_after or poll_delay(take, percent), LONGEST_BETWEEN_POLLS)
            is_unchanged = percent == take.progress and not take.error_kind
            lease.release(progress=percent, next_step_in=wait, quietly=is_unchanged, error_kind="")
        case ProgressState.DONE:
            cost: dict[str, Any] = {} if result.cost is None else {"actual_cost": exact(result.cost)}
            lease.release(status=allow(take, Status.FETCHING), progress=99, attempt=0, error_kind="", **cost)
        case ProgressState.CANCELLED:
            end(lease, Status.CANCELLED, actual_cost=result.cost or Decimal(0))
        case ProgressState.FAILED:
            failure = result.error or ProviderError(ErrorKind.PROVIDER, "The provider gave no reason.")
            end(lease, Status.FAILED, actual_cost=result.cost or Decimal(0), **error_fields(failure))


def _apply_poll_error(lease: Lease, error: ProviderError) -> None:
    # A failed poll says nothing about the clip, which may be paid for: only a lost clip ends the polling.
    if error.kind == ErrorKind.LOST:
        raise CancelRequested if lease.job.cancel_sent else error
    _raise_if_overdue(lease.job, error)
    wait = min(max(error.retry_after or 0.0, poll_delay(lease.job, 0)), LONGEST_BETWEEN_POLLS)
    lease.release(next_step_in=wait, quietly=lease.job.error_kind == error.kind, error_kind=error.kind)


def poll_delay(take: Generation, percent: int) -> float:
    """Seconds until the next poll: 1 to 15, randomised by 5 %.

    Half of the remaining time if the provider reports progress, else a tenth of the time it has been running.
    """
    elapsed = (timezone.now() - (take.started_at or take.created_at)).total_seconds()
    if 10 <= percent < 100:
        remaining = elapsed * (100 - percent) / percent
        delay = remaining if remaining < 2 else remaining / 2
    else:
        delay = elapsed / 10
    return min(15.0, max(1.0, delay)) * random.uniform(0.95, 1.05)
