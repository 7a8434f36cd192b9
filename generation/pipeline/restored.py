"""After a database was restored: what its rows did between the backup and now is not in it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from generation.jobs.lease import NO_LEASE
from generation.models import Generation, ImageJob
from generation.providers.description import Kind
from generation.providers.registry import providers_of_kind
from generation.states import TRANSITIONS, Status


@dataclass(frozen=True)
class Outcome:
    """How many rows continue, and how many are looked up at their provider before anything is sent."""

    continued: int
    looked_up: int


def take_stock() -> Outcome:
    """Free all leases. What waited to be sent counts as sent: it may have been, and must not be paid twice.

    Call before any worker starts, inside a transaction.
    """
    assert Status.SUBMITTING in TRANSITIONS[Status.QUEUED]
    continued = looked_up = 0
    for model in (Generation, ImageJob):
        active = model._default_manager.filter(
            status__in=[Status.QUEUED, Status.SUBMITTING, Status.RUNNING, Status.FETCHING]
        )
        changes = {**NO_LEASE, "handed_over_at": None, "next_step_at": Now(), "changed_at": Now()}
        active.update(**changes, version=F("version") + 1)
        unsent = active.filter(status=Status.QUEUED).exclude(Q(provider__in=providers_of_kind(Kind.LOCAL)))
        looked_up += unsent.update(
            status=Status.SUBMITTING, submitted_at=Coalesce("submitted_at", "created_at"), waiting_for=""
        )
        continued += active.count()
    return Outcome(continued - looked_up, looked_up)
