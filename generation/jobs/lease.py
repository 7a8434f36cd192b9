"""The right to change one row, held by one worker at a time.

A lease is claimed with one conditional UPDATE and carries a token. Every later write is conditional on that token, so a
worker that was suspended past its lease cannot overwrite what its successor did. A lease ends by the database's clock, so
machines whose clocks differ may share the work.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Generic

from django.conf import settings
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest, Now
from typing_extensions import TypeVar

from generation.jobs import watchdog
from generation.models import Generation, ImageJob, Job, Worker
from generation.states import Status


class LeaseLost(Exception):
    """Another worker has taken over the row. This one must drop its result, unless it was paid for."""


class CancelRequested(Exception):
    """Cancel was pressed while the step was running."""


#: Frees a row. Clearing the token too keeps a suspended worker from writing when it wakes up.
NO_LEASE = {"lease_token": None, "lease_expires_at": None, "leased_by": None, "lease_pid": None}

RowT = TypeVar("RowT", bound=Job, default=Generation)


class Lease(Generic[RowT]):
    """`job` is a snapshot of the row, updated with what this lease writes, except for expressions such as F()."""

    def __init__(self, job: RowT, token: uuid.UUID) -> None:
        self.job = job
        self.token = token

    @staticmethod
    def claim(take_id: int, worker_id: int | None = None) -> Lease[Generation] | None:
        """Return None if the take is not due or another worker holds it."""
        related = Generation.objects.select_related("scene__project", "connection", "source")
        return _claim(Generation.objects.due(), related, take_id, worker_id)

    @staticmethod
    def claim_images(row_id: int, worker_id: int | None = None) -> Lease[ImageJob] | None:
        related = ImageJob.objects.select_related("project", "scene", "connection", "created_by")
        return _claim(ImageJob.objects.due(), related, row_id, worker_id)

    @staticmethod
    def claim_many(
        take_ids: Iterable[int], status: Status, worker_id: int | None = None, *, hold_for: float
    ) -> list[Lease[Generation]]:
        """Claim those that are due, free and in that status, with one token, for `hold_for` seconds."""
        token = uuid.uuid4()
        claimed = (
            Generation.objects.due()
            .filter(pk__in=list(take_ids), status=status)
            .update(**_claim_fields(token, worker_id, hold_for))
        )
        if not claimed:
            return []
        takes = Generation.objects.select_related("connection", "source").filter(lease_token=token)
        return [Lease(take, token) for take in takes]

    @staticmethod
    def reclaim(rows: QuerySet[RowT]) -> Lease[RowT] | None:
        """Take a row from the worker that holds it now, for an answer that came after the lease ran out.

        `rows` is the row, filtered to the states in which the answer is still useful. Returns None if it has left them.
        """
        token = uuid.uuid4()
        if not rows.update(**_claim_fields(token, None)):
            return None
        return Lease(rows.model._default_manager.get(lease_token=token), token)

    def write(self, *, hold_for: float | None = None, **changes: Any) -> None:
        """Change the row and prolong the lease. `hold_for` is in seconds, for work that cannot write for a while.

        Raises LeaseLost.
        """
        if not self._held().update(**self._with_version(changes), lease_expires_at=_expiry(hold_for)):
            raise LeaseLost
        watchdog.extend_deadline(hold_for or settings.LEASE_SECONDS)
        self._remember(changes)

    def keep_alive(self, **changes: Any) -> None:
        """`write`, unless Cancel was pressed. Raises CancelRequested, LeaseLost."""
        wanted = self._held().filter(cancel_requested=False)
        if not wanted.update(**self._with_version(changes), lease_expires_at=_expiry()):
            raise CancelRequested if self._held().exists() else LeaseLost
        watchdog.extend_deadline(settings.LEASE_SECONDS)
        self._remember(changes)

    def release(self, *, next_step_in: float = 0, quietly: bool = False, **changes: Any) -> None:
        """Write for the last time and free the row. It is due again after `next_step_in` seconds, unless it has ended.

        `quietly` leaves `version` alone, so that open pages do not render the card again. Raises LeaseLost.
        """
        due_at = Now() + timedelta(seconds=next_step_in) if next_step_in else Now()
        values = changes if quietly else self._with_version(changes)
        if not self._held().update(**values, **NO_LEASE, next_step_at=due_at):
            raise LeaseLost
        self._remember(changes)

    def _held(self) -> QuerySet[Job]:
        rows: QuerySet[Job] = type(self.job)._default_manager.filter(pk=self.job.pk, lease_token=self.token)
        return rows

    def _with_version(self, changes: dict[str, Any]) -> dict[str, Any]:
        return {**changes, "version": F("version") + 1, "changed_at": Now()}

    def _remember(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.job, name, value)


def _claim(due: QuerySet[RowT], related: QuerySet[RowT], row_id: int, worker_id: int | None) -> Lease[RowT] | None:
    token = uuid.uuid4()
    claimed = due.filter(pk=row_id).update(**_claim_fields(token, worker_id))
    return Lease(related.get(pk=row_id), token) if claimed else None


def _claim_fields(token: uuid.UUID, worker_id: int | None, hold_for: float | None = None) -> dict[str, Any]:
    # A free row that still has a token belonged to a worker that died: the recovery report lists it.
    recovered_at = Case(When(lease_token__isnull=False, then=Now()), default=F("recovered_at"))
    return {
        "lease_token": token,
        "lease_expires_at": _expiry(hold_for),
        "leased_by": worker_id,
        "lease_pid": os.getpid(),
        "handed_over_at": None,
        "recovered_at": recovered_at,
    }


def release_worker_leases(worker_id: int) -> int:
    """Free the rows of a worker that is stopping. An interrupted step does not count as an attempt. Returns how many."""
    return _release(Q(leased_by=worker_id), attempt=Greatest(F("attempt") - 1, 0))


def release_leases_of_the_dead() -> int:
    """Free the rows of workers that have not been seen for Worker.ALIVE_FOR. Returns how many.

    Safe even if such a worker is alive: its token is gone, and a submission is looked up, never sent again.
    """
    dead = Worker.objects.filter(seen_at__lte=Now() - Worker.ALIVE_FOR, stopping=False)
    released = 0
    for worker_id in dead.values_list("pk", flat=True):
        if Worker.objects.filter(pk=worker_id, stopping=False).update(stopping=True):
            released += _release(Q(leased_by=worker_id))
    return released


def release_leases_of_this_host(worker: Worker) -> int:
    """At the start of a worker, free the rows of those that ran on its host before and have ended. Returns how many.

    After a crash of the whole host a paid clip that was being downloaded would otherwise wait for its lease to expire.
    """
    host = worker.name.rpartition(":")[0]
    earlier = Worker.objects.filter(name__startswith=f"{host}:", stopping=False).exclude(pk=worker.pk)
    released = 0
    for other in earlier:
        if other.boot_id == worker.boot_id:
            # A worker that was killed may leave processes behind that still send or download.
            released += release_leases_of_ended_processes(other.pk)
        elif Worker.objects.filter(pk=other.pk, stopping=False).update(stopping=True):
            released += _release(Q(leased_by=other.pk))
    return released


def release_leases_of_ended_processes(worker_id: int) -> int:
    """Free the rows of this worker's processes that have ended. Returns how many.

    Must run on the worker's own machine: it looks for the processes there.
    """
    held = Q(leased_by=worker_id, lease_pid__isnull=False)
    pids = {pid for rows in _active() for pid in rows.filter(held).values_list("lease_pid", flat=True)}
    ended = [pid for pid in pids if pid is not None and not _is_running(pid)]
    return _release(Q(leased_by=worker_id, lease_pid__in=ended)) if ended else 0


def _active() -> tuple[QuerySet[Generation], QuerySet[ImageJob]]:
    return Generation.objects.active(), ImageJob.objects.active()


def _release(held: Q, **changes: Any) -> int:
    return sum(
        rows.filter(held).update(**NO_LEASE, **changes, next_step_at=Now(), recovered_at=Now()) for rows in _active()
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as another user
    return True


def _expiry(hold_for: float | None = None) -> CombinedExpression:
    return Now() + timedelta(seconds=hold_for or settings.LEASE_SECONDS)
