"""What a person decides about a row that "needs a look": nobody here knows whether the provider made it.

Each answer changes the row only if it still needs one, so two people who answer at once do it once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from generation import connections
from generation.billing import budget
from generation.jobs.dispatch import begin_due
from generation.models import Advancing, Generation
from generation.pipeline import reconcile
from generation.pipeline.remote import on_loop
from generation.pipeline.render import request_of
from generation.pipeline.transitions import allow
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import remote_provider
from generation.states import Status
from teams import activity
from teams.models import User, Verb

OVER = "This has been answered in the meantime."


def look_again(take: Generation, by: User | None = None) -> bool:
    """Ask the provider once more; whether the take goes on. Raises ProviderError, ValidationError."""
    if take.remote_id:
        _go_on(take, take.remote_id, by, "looked again")
        return True
    assert take.submitted_at is not None, "an outcome is unknown only of what was sent"
    account = connections.account_of(take)
    remote_id = remote_provider(take.provider).find(
        account, request_of(take), take.submitted_at, reconcile.known_ids(take)
    )
    if remote_id is None:
        return False
    with transaction.atomic():
        if reconcile.may_adopt(take, remote_id):
            _go_on(take, remote_id, by, "looked again and found it")
            return True
    return False


def was_made(take: Generation, remote_id: str, by: User | None = None) -> None:
    """It has this id at the provider, which is asked before it is believed. Raises ProviderError, ValidationError."""
    remote_id = remote_id.strip()
    if not remote_id:
        raise ValidationError("Paste the id that the provider shows for the clip.")
    if other := reconcile.taker_of(take, remote_id):
        is_ours = other.scene.project.team_id == take.scene.project.team_id
        whose = f"take {other.number} of “{other.scene.title}”" if is_ours else "another take"
        raise ValidationError(f"That clip belongs to {whose} already.")
    try:
        on_loop(remote_provider(take.provider).check(connections.account_of(take), remote_id))
    except ProviderError as error:
        if error.kind == ErrorKind.LOST:
            raise ValidationError(f"The provider does not know {remote_id}: {error.message}") from error
        raise
    _go_on(take, remote_id, by, "it was made")


def was_not_made(row: Advancing, by: User | None = None) -> None:
    """Nothing was charged; what was set aside is released. Raises ValidationError."""
    _close(row, Decimal(0), "Somebody looked: it was not made.", by, "it was not made")


def was_charged(row: Advancing, by: User | None = None) -> None:
    """It was charged and is lost; it counts as spent. Raises ValidationError."""
    message = "Somebody looked: it was charged, and the result is lost."
    _close(row, row.cost, message, by, "it was charged and is lost")


@transaction.atomic
def _go_on(take: Generation, remote_id: str, by: User | None, said: str) -> None:
    if not reconcile.is_free(take, remote_id):
        raise ValidationError(OVER)
    changed = _change(
        take,
        status=allow(take, Status.RUNNING),
        remote_id=remote_id,
        started_at=Now(),
        finished_at=None,
        next_step_at=Now(),
        handed_over_at=None,
        attempt=0,
        error_kind="",
        error_message="",
        error_code="",
    )
    if not changed:
        raise ValidationError(OVER)
    _record(take, by, said)
    transaction.on_commit(begin_due, robust=True)


@transaction.atomic
def _close(row: Advancing, spent: Decimal, message: str, by: User | None, said: str) -> None:
    words = f"{message} {row.error_message}".strip()
    if not _change(row, status=allow(row, Status.FAILED), actual_cost=spent, finished_at=Now(), error_message=words):
        raise ValidationError(OVER)
    budget.close(row, spent)
    _record(row, by, said, amount=spent)


def _record(row: Advancing, by: User | None, said: str, *, amount: Decimal | None = None) -> None:
    what = row.called if isinstance(row, Generation) else "pictures"
    activity.record(Verb.LOOKED, by, f"{what}: {said}", project=budget.project_of(row), amount=amount)


def _change(row: Advancing, **changes: Any) -> bool:
    rows = type(row)._default_manager.filter(pk=row.pk, status=Status.UNKNOWN)
    return bool(rows.update(**changes, version=F("version") + 1, changed_at=Now()))
