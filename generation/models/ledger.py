"""Budgets with their caps, and the ledger that explains every cent of them.

Ledger entries are never changed. Once a take or image request has ended, its reserved amounts add up to zero and its spent
amounts to its cost; `manage.py doctor` compares the ledger with the sums in `Budget`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from generation.models.connection import Connection
from generation.models.generation import Generation
from generation.models.image_job import ImageJob
from projects.models import Project
from teams.models import AppendOnly, AppendOnlyQuerySet, Team, User

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


def _amount(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=12, decimal_places=4, **options)


class Budget(models.Model):
    """The budget of a project, of a connection or, with neither, of a team. That of a server connection has no team.

    `spent_month` is what was spent in `month`, such as 2026-11. Billing changes these rows, under their locks.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="budgets")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="budgets")
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, null=True, related_name="budgets")
    cap_total = _amount(null=True, blank=True, validators=NOT_NEGATIVE)
    cap_month = _amount(null=True, blank=True, validators=NOT_NEGATIVE)
    #: A click whose price is above this needs confirmation.
    confirm_above = _amount(null=True, blank=True, validators=NOT_NEGATIVE)
    #: Per cent of a cap from which a warning is shown.
    warn_at = models.PositiveSmallIntegerField(default=80, validators=[MinValueValidator(1), MaxValueValidator(100)])
    reserved = _amount(default=Decimal(0))
    spent = _amount(default=Decimal(0))
    month = models.CharField(max_length=7, blank=True)
    spent_month = _amount(default=Decimal(0))

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team"],
                condition=models.Q(project=None, connection=None),
                name="one_budget_of_a_team",
            ),
            models.UniqueConstraint(
                fields=["connection"],
                condition=models.Q(connection__isnull=False),
                name="one_budget_of_a_connection",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=models.Q(project__isnull=False),
                name="one_budget_of_a_project",
            ),
            models.CheckConstraint(condition=models.Q(reserved__gte=0), name="reserved_is_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.project or self.connection or self.team)

    def spent_in(self, month: str) -> Decimal:
        """Includes what was booked in a later month: a clock that is put back frees nothing."""
        return self.spent_month if self.month >= month else Decimal(0)

    def left(self, month: str) -> Decimal | None:
        """What can still be reserved; None without a cap, negative if the actual cost exceeded the estimate."""
        caps = []
        if self.cap_total is not None:
            caps.append(self.cap_total - self.spent - self.reserved)
        if self.cap_month is not None:
            caps.append(self.cap_month - self.spent_in(month) - self.reserved)
        return min(caps, default=None)

    def is_nearly_used(self, month: str) -> bool:
        caps = [(self.cap_total, self.spent), (self.cap_month, self.spent_in(month))]
        return any(cap is not None and (spent + self.reserved) * 100 >= cap * self.warn_at for cap, spent in caps)


class LedgerEntry(AppendOnly):
    class Kind(models.TextChoices):
        RESERVE = "reserve", "Reserved"
        SETTLE = "settle", "Settled"
        RELEASE = "release", "Released"
        CAP = "cap", "Cap changed"

    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField(db_default=Now())
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    member = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    take = models.ForeignKey(Generation, on_delete=models.PROTECT, null=True, related_name="ledger")
    images = models.ForeignKey(ImageJob, on_delete=models.PROTECT, null=True, related_name="ledger")
    #: A reservation is positive, its release negative.
    reserved = _amount(default=Decimal(0))
    spent = _amount(default=Decimal(0))
    note = models.CharField(max_length=300, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["team", "at"]), models.Index(fields=["project", "at"])]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reserved} {self.spent}"
