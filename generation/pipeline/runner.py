"""Takes the next step of a row, and records on the row how the step ended.

A step runs at least once: one that dies leaves its row due again when the lease runs out. The one request that must not
happen twice, because it costs money, is guarded by the row's status (submit.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial

from django.db import InterfaceError, OperationalError, transaction

from generation.connections import GivenKey
from generation.jobs.lease import CancelRequested, Lease, LeaseLost, RowT
from generation.models import Generation
from generation.pipeline import fetch, image_jobs, poll, reconcile, render, submit
from generation.pipeline.event_loop import run_async
from generation.pipeline.transitions import end, give_up
from generation.providers.base import ErrorKind, Progress, ProgressState, ProviderError
from generation.providers.registry import is_local
from generation.states import Status

logger = logging.getLogger(__name__)

#: The lease of a poll; must outlast poll.CHECK_SECONDS.
POLL_SECONDS = 60
#: Answers are written this often while slower ones are still awaited, so that a silent server delays no other.
WRITE_EVERY_SECONDS = 0.2


def advance(take_id: int, *, worker_id: int | None = None, key: GivenKey | None = None) -> None:
    """Take the row's next step if it is due and free; otherwise do nothing. A `key` replaces the environment's."""
    lease = Lease.claim(take_id, worker_id)
    if lease is not None:
        run_step(lease, choose_step(lease.job, key))


def advance_images(row_id: int, *, worker_id: int | None = None, key: GivenKey | None = None) -> None:
    lease = Lease.claim_images(row_id, worker_id)
    if lease is not None:
        run_step(lease, image_jobs.choose_step(lease.job, key))


def poll_many(take_ids: Iterable[int], *, worker_id: int | None = None) -> None:
    """Poll concurrently those of these takes that are due, free and running."""
    leases = Lease.claim_many(take_ids, Status.RUNNING, worker_id, hold_for=POLL_SECONDS)
    if not leases:
        return
    checks = run_async(_start_checks(leases))
    pending = set(checks)
    while pending:
        done, pending = run_async(asyncio.wait(pending, timeout=WRITE_EVERY_SECONDS))
        _apply_results({checks[task]: task for task in done})


async def _start_checks(leases: list[Lease]) -> dict[asyncio.Task[Progress], Lease]:
    return {asyncio.create_task(poll.check_progress(lease.job)): lease for lease in leases}


def _apply_results(finished: dict[Lease, asyncio.Task[Progress]]) -> None:
    # Clips that keep running share one transaction. Each that ends has its own: it locks budgets, which must be brief.
    results = {lease: task.exception() or task.result() for lease, task in finished.items()}
    running = {
        lease
        for lease, result in results.items()
        if isinstance(result, Progress) and result.state == ProgressState.RUNNING
    }
    with transaction.atomic():
        for lease in running:
            run_step(lease, partial(_apply_result, result=results[lease]))
    for lease in results.keys() - running:
        try:
            run_step(lease, partial(_apply_result, result=results[lease]))
        except (OperationalError, InterfaceError):
            raise  # what is not written is polled again when the lease runs out
        # A defect in reading one answer ends on that card and must not stop the others.
        except Exception:
            logger.exception("Polling take %s failed.", lease.job.pk)


def _apply_result(lease: Lease, result: Progress | BaseException) -> None:
    if isinstance(result, Progress | ProviderError):
        poll.apply_poll_result(lease, result)
    else:
        raise result


def run_step(lease: Lease[RowT], step: Callable[[Lease[RowT]], None]) -> None:
    """Take the step; a failure is recorded on the row, a lost lease in the log.

    Raises OperationalError and InterfaceError, which leave the row due again, and any exception from a defect.
    """
    try:
        _run_and_record(lease, step)
    except LeaseLost:
        logger.warning(
            "%s %s was taken over by another worker; dropped this worker's result.",
            type(lease.job).__name__,
            lease.job.pk,
        )


def _run_and_record(lease: Lease[RowT], step: Callable[[Lease[RowT]], None]) -> None:
    try:
        step(lease)
    except CancelRequested:
        end(lease, Status.CANCELLED, actual_cost=Decimal(0))
    except ProviderError as error:
        give_up(lease, error)
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # another worker has the row, or the database went away: the row is due again when the lease runs out
    # A defect must end on the card, or the row is retried and crashes forever. It is raised again for the log.
    except Exception:
        give_up(lease, ProviderError(ErrorKind.UNKNOWN, "Internal error. The server's log has the details."))
        raise


def choose_step(take: Generation, key: GivenKey | None = None) -> Callable[[Lease], None]:
    if is_local(take.provider):
        return render.render
    step = {
        Status.QUEUED: submit.submit,
        Status.SUBMITTING: reconcile.look_up,
        Status.RUNNING: poll.poll,
        Status.FETCHING: fetch.fetch,
    }[Status(take.status)]
    return partial(step, key=key)
