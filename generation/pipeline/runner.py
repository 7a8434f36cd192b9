"""Takes the next step of a row, and sees to it that it ends in the row, whatever happens."""

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
from generation.pipeline import image_jobs, remote, render
from generation.pipeline.transitions import end, give_up
from generation.providers.base import ErrorKind, Progress, ProviderError
from generation.providers.registry import is_local
from generation.states import Status

logger = logging.getLogger(__name__)

#: Must outlast the timeout of a provider's `check`.
POLL_SECONDS = 60
#: Answers are written down this often while slower ones are still awaited.
WRITE_EVERY_SECONDS = 0.2


def advance(take_id: int, *, worker_id: int | None = None, key: GivenKey | None = None) -> None:
    """Take the row's next step if it is due and free; otherwise do nothing. A `key` goes before the environment's."""
    lease = Lease.claim(take_id, worker_id)
    if lease is not None:
        conclude(lease, step_of(lease.take, key))


def advance_images(row_id: int, *, worker_id: int | None = None, key: GivenKey | None = None) -> None:
    lease = Lease.claim_images(row_id, worker_id)
    if lease is not None:
        conclude(lease, image_jobs.step_of(lease.take, key))


def poll_many(take_ids: Iterable[int], *, worker_id: int | None = None) -> None:
    """Ask about all of these at once, those that are due and free; a slow answer holds nobody up."""
    leases = Lease.claim_many(take_ids, Status.RUNNING, worker_id, hold_for=POLL_SECONDS)
    if not leases:
        return
    asked = remote.on_loop(_asking(leases))
    pending = set(asked)
    while pending:
        done, pending = remote.on_loop(asyncio.wait(pending, timeout=WRITE_EVERY_SECONDS))
        _write_down({asked[task]: task for task in done})


async def _asking(leases: list[Lease]) -> dict[asyncio.Task[Progress], Lease]:
    return {asyncio.create_task(remote.ask(lease.take)): lease for lease in leases}


def _write_down(answers: dict[Lease, asyncio.Task[Progress]]) -> None:
    """What goes on is written in one transaction; what ends has its own, for it locks budgets."""
    told = {lease: task.exception() or task.result() for lease, task in answers.items()}
    going_on = {lease for lease, what in told.items() if isinstance(what, Progress) and what.state == "running"}
    with transaction.atomic():
        for lease in going_on:
            conclude(lease, partial(_heed, told=told[lease]))
    for lease in told.keys() - going_on:
        try:
            conclude(lease, partial(_heed, told=told[lease]))
        except (OperationalError, InterfaceError):
            raise  # what is not written down is due again when the lease runs out
        # A defect in one provider's answer: it stands on that card, and must not keep the others from theirs.
        except Exception:
            logger.exception("Asking about take %s failed.", lease.take.pk)


def _heed(lease: Lease, told: Progress | BaseException) -> None:
    if isinstance(told, Progress | ProviderError):
        remote.heed(lease, told)
    else:
        raise told


def conclude(lease: Lease[RowT], step: Callable[[Lease[RowT]], None]) -> None:
    """Take the step; a failure ends on the row."""
    try:
        _ended_on_the_row(lease, step)
    except LeaseLost:
        logger.warning("Take %s was taken over by another worker; dropped what this one had.", lease.take.pk)


def _ended_on_the_row(lease: Lease[RowT], step: Callable[[Lease[RowT]], None]) -> None:
    try:
        step(lease)
    except CancelRequested:
        end(lease, Status.CANCELLED, actual_cost=Decimal(0))
    except ProviderError as error:
        give_up(lease, error)
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # another has it, or the database went away: the lease runs out and the row is due again
    # A defect must end on the card, not in a row that is tried, and crashes, for ever; it is raised again for the log.
    except Exception:
        give_up(lease, ProviderError(ErrorKind.UNKNOWN, "This server made a mistake; its log has the details."))
        raise


def step_of(take: Generation, key: GivenKey | None = None) -> Callable[[Lease], None]:
    if is_local(take.provider):
        return render.render
    step = {
        Status.QUEUED: remote.submit,
        Status.SUBMITTING: remote.look_up,
        Status.RUNNING: remote.poll,
        Status.FETCHING: remote.fetch,
    }[Status(take.status)]
    return partial(step, key=key)
