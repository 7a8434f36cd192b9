"""Carries out a person's decision about a row whose status is unknown: the provider may have made and charged for it.

Each decision is conditional on the row still being unknown: of two people who decide at once, the second gets a
ValidationError, and money moves once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from core.money import exact
from core.slow_work import release_connection
from generation.billing import budget
from generation.connections import resolve_account
from generation.jobs.dispatch import dispatch_new_work
from generation.models import Generation, Job, select_newest
from generation.pipeline import reconcile
from generation.pipeline.event_loop import run_async
from generation.pipeline.transitions import accepted_fields, allow
from generation.providers.base import ErrorKind, ProviderError
from generation.providers.registry import remote_provider
from generation.states import Status
from teams import activity
from teams.models import User, Verb

ALREADY_RESOLVED = "This has already been resolved."


def check_again(take: Generation, by: User | None = None) -> bool:
    """Look for the clip at the provider once more. Returns whether the take continues.

    Raises ProviderError, ValidationError.
    """
    if take.remote_id:
        _resume(take, take.remote_id, by, "checked again")
        return True
    remote_id = reconcile.find_clip(take)
    if remote_id is None:
        return False
    with transaction.atomic():
        if reconcile.may_adopt(take, remote_id):
            _resume(take, remote_id, by, "checked again and found")
            return True
    return False


def use_clip(take: Generation, remote_id: str, by: User | None = None) -> None:
    """Continue with this clip, after checking that the provider has it and no other take does.

    Raises ProviderError, ValidationError.
    """
    remote_id = remote_id.strip()
    if not remote_id:
        raise ValidationError("Paste the clip ID from the provider.")
    if other := reconcile.find_owner(take, remote_id):
        # Two teams may use one account: a title of another team's scene must not show.
        is_same_team = other.scene.project.team_id == take.scene.project.team_id
        owner = f"take {other.number} of “{other.scene.title}”" if is_same_team else "another take"
        raise ValidationError(f"This clip already belongs to {owner}.")
    try:
        account = resolve_account(take)
        release_connection()
        run_async(remote_provider(take.provider).check(account, remote_id))
    except ProviderError as error:
        if error.kind == ErrorKind.LOST:
            raise ValidationError(f"The provider has no clip {remote_id}: {error.message}") from error
        raise
    _resume(take, remote_id, by, "clip ID entered")


@transaction.atomic
def accept_clip(take: Generation, by: User | None = None) -> None:
    """Complete the take with the clip that was delivered, as it is, and book its cost as spent. Raises ValidationError."""
    if not take.clip:
        raise ValidationError("There is no clip to accept.")
    cost = exact(take.cost)
    cleared = {"error_kind": "", "error_message": "", "progress": 100}
    if not _change(take, status=allow(take, Status.COMPLETED), actual_cost=cost, finished_at=Now(), **cleared):
        raise ValidationError(ALREADY_RESOLVED)
    budget.settle(take, cost)
    select_newest(take)
    _record(take, by, "accepted as it is", amount=cost)


def mark_not_created(row: Job, by: User | None = None) -> None:
    """Release the row's hold: nothing was charged, or it was refunded. Raises ValidationError."""
    decision = "refunded" if has_clip(row) else "not created"
    _close(row, ErrorKind.NOT_CREATED, Decimal(0), f"Marked as {decision}.", by)


def mark_charged(row: Job, by: User | None = None) -> None:
    """Book the row's cost as spent: it was charged and there is no usable result. Raises ValidationError."""
    result = "no clip" if isinstance(row, Generation) else "no image"
    decision = "charged, not usable" if has_clip(row) else f"charged, {result}"
    _close(row, ErrorKind.WRITTEN_OFF, row.cost, f"Marked as {decision}.", by)


def has_clip(row: Job) -> bool:
    """Whether the provider delivered a file, which the take keeps whatever is decided."""
    return isinstance(row, Generation) and bool(row.clip)


@transaction.atomic
def _resume(take: Generation, remote_id: str, by: User | None, decision: str) -> None:
    if not reconcile.is_free(take, remote_id):
        raise ValidationError("This clip already belongs to another take.")
    changed = _change(
        take,
        **accepted_fields(take, remote_id),
        finished_at=None,
        next_step_at=Now(),
        handed_over_at=None,
        attempt=0,
        error_code="",
    )
    if not changed:
        raise ValidationError(ALREADY_RESOLVED)
    _record(take, by, decision)
    transaction.on_commit(dispatch_new_work, robust=True)


@transaction.atomic
def _close(row: Job, kind: ErrorKind, spent: Decimal, message: str, by: User | None) -> None:
    # The provider's own words stay on the row: they may be needed to dispute a charge.
    text = f"{message} {row.error_message}".strip()
    changes = {"actual_cost": spent, "finished_at": Now(), "error_kind": kind, "error_message": text}
    if not _change(row, status=allow(row, Status.FAILED), **changes):
        raise ValidationError(ALREADY_RESOLVED)
    budget.settle(row, spent)
    _record(row, by, message[0].lower() + message[1:-1], amount=spent)


def _record(row: Job, by: User | None, decision: str, *, amount: Decimal | None = None) -> None:
    subject = row.label if isinstance(row, Generation) else "images"
    activity.record(Verb.RESOLVED, by, f"{subject}: {decision}", project=budget.find_project(row), amount=amount)


def _change(row: Job, **changes: Any) -> bool:
    rows = type(row)._default_manager.filter(pk=row.pk, status=Status.UNKNOWN)
    return bool(rows.update(**changes, version=F("version") + 1, changed_at=Now()))
