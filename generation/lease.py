"""The right to change one generation, held by one worker at a time.

A lease is claimed with one conditional UPDATE and carries a token. Every later write is conditional on that token, so a
worker that was stopped past its lease and wakes up cannot overwrite what its successor did. The database's clock decides
when a lease ends.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Greatest, Now

from generation.models import Generation


class LeaseLost(Exception):
    """Another worker has taken over; whatever this one still has in hand must be dropped."""


class CancelRequested(Exception):
    """Somebody pressed Cancel while the work was going on."""


class Lease:
    """Holds `take`, a snapshot of the row that this lease keeps in step with what it writes."""

    def __init__(self, take: Generation, token: uuid.UUID) -> None:
        self.take = take
        self.token = token

    @classmethod
    def claim(cls, take_id: int, worker_id: int | None = None) -> Lease | None:
        """The lease, or None where the row is not due or somebody else holds it."""
        token = uuid.uuid4()
        claimed = (
            Generation.objects.due()
            .filter(pk=take_id)
            .update(lease_token=token, lease_expires_at=_expiry(), leased_by=worker_id, handed_over_at=None)
        )
        if not claimed:
            return None
        return cls(Generation.objects.select_related("scene__project").get(pk=take_id), token)

    def write(self, *, hold_for: float | None = None, **changes: Any) -> None:
        """Change the row and prolong the lease, by `hold_for` seconds where a step cannot give signs of life. LeaseLost."""
        if not self._held().update(**self._stamped(changes), lease_expires_at=_expiry(hold_for)):
            raise LeaseLost
        self._remember(changes)

    def keep_alive(self, **changes: Any) -> None:
        """`write`, unless somebody asked to cancel. Raises CancelRequested or LeaseLost."""
        wanted = self._held().filter(cancel_requested=False)
        if not wanted.update(**self._stamped(changes), lease_expires_at=_expiry()):
            raise CancelRequested if self._held().exists() else LeaseLost
        self._remember(changes)

    def let_go(self, *, next_step_in: float = 0, **changes: Any) -> None:
        """Write for the last time; the row is due again after `next_step_in` seconds, unless it is final. LeaseLost."""
        ended = {"lease_token": None, "lease_expires_at": None, "leased_by": None}
        due_at = Now() + timedelta(seconds=next_step_in) if next_step_in else Now()
        if not self._held().update(**self._stamped(changes), **ended, next_step_at=due_at):
            raise LeaseLost
        self._remember(changes)

    def _held(self) -> QuerySet[Generation]:
        return Generation.objects.filter(pk=self.take.pk, lease_token=self.token)

    def _stamped(self, changes: dict[str, Any]) -> dict[str, Any]:
        return {**changes, "version": F("version") + 1, "changed_at": Now()}

    def _remember(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if not hasattr(value, "resolve_expression"):
                setattr(self.take, name, value)


def release_leases_of(worker_id: int) -> int:
    """Hand over what a worker that has stopped was doing, without waiting for its leases to run out."""
    return (
        Generation.objects.active()
        .filter(leased_by=worker_id)
        .update(
            lease_token=None,
            lease_expires_at=None,
            leased_by=None,
            next_step_at=Now(),
            attempt=Greatest(F("attempt") - 1, 0),
        )
    )


def _expiry(hold_for: float | None = None) -> CombinedExpression:
    return Now() + timedelta(seconds=hold_for or settings.LEASE_SECONDS)
