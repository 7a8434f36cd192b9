"""What takes and image requests have in common: a row that knows its next step.

Only pipeline/ changes `status`. Every change that people see raises `version` and sets `changed_at` to the database's time,
for the live stream.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Self, TypeVar

from django.db import models
from django.db.models.functions import Now

from generation.models.connection import Connection
from generation.states import ACTIVE, FINAL, Status
from teams.models import User

RowT = TypeVar("RowT", bound="Job", covariant=True)


class JobQuerySet(models.QuerySet[RowT]):
    def active(self) -> Self:
        return self.filter(status__in=ACTIVE)

    def done(self) -> Self:
        return self.filter(status=Status.COMPLETED)

    def lease_free(self) -> Self:
        return self.filter(models.Q(lease_expires_at=None) | models.Q(lease_expires_at__lte=Now()))

    def due(self) -> Self:
        """Rows whose next step can be claimed now."""
        return self.active().lease_free().filter(next_step_at__lte=Now())


class Job(models.Model):
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    provider = models.CharField(max_length=40)
    #: None for takes that are rendered on this server.
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, related_name="%(class)ss")
    model_id = models.CharField(max_length=120)

    estimated_cost = models.DecimalField(max_digits=12, decimal_places=4)
    actual_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    submitted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: What it waits for, as a sentence, and until when if that is known (a pause or a rate limit).
    waiting_for = models.CharField(max_length=300, blank=True)
    waiting_until = models.DateTimeField(null=True)

    next_step_at = models.DateTimeField(db_default=Now())
    handed_over_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    leased_by = models.ForeignKey(
        "generation.Worker", on_delete=models.SET_NULL, null=True, related_name="%(class)s_leases"
    )

    #: The process that holds the lease, on the machine of `leased_by`: pids of two machines may be equal.
    lease_pid = models.PositiveIntegerField(null=True)
    #: When another worker took over from one that died or was stopped.
    recovered_at = models.DateTimeField(null=True)
    #: Whether the submission's answer was lost and its clip was found at the provider.
    was_adopted = models.BooleanField(default=False)
    #: When a member dismissed the failure from the queue page.
    dismissed_at = models.DateTimeField(null=True)

    error_kind = models.CharField(max_length=20, blank=True)
    error_message = models.TextField(blank=True)
    error_code = models.CharField(max_length=120, blank=True)
    error_request_id = models.CharField(max_length=200, blank=True)

    #: Names the row's files. Ids come again when an older database is restored beside newer files; this never does.
    file_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        abstract = True

    @property
    def cost(self) -> Decimal:
        """The actual cost, or the estimate until that is known."""
        return self.estimated_cost if self.actual_cost is None else self.actual_cost

    @property
    def folder(self) -> str:
        """Where storage keeps the row's files."""
        raise NotImplementedError

    @property
    def files_version(self) -> str:
        """Part of the files' addresses, which browsers cache forever."""
        return self.file_key.hex[:12]

    @property
    def team_id(self) -> int:
        """The team that pays for it."""
        raise NotImplementedError

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_done(self) -> bool:
        return self.status == Status.COMPLETED

    @property
    def has_failed(self) -> bool:
        """Failed or needs review: either way a member has to act."""
        return self.status in {Status.FAILED, Status.UNKNOWN}

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def made_in(self) -> timedelta | None:
        """From submission or start of rendering to the end; None before that, and if it never started."""
        started = self.submitted_at or self.started_at
        return self.finished_at - started if started and self.finished_at else None
