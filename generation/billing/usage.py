"""What a team's connections are used for: under way now, and this month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from generation.billing import budget
from generation.connections import ResolvedConnection
from generation.models import Budget, Connection, Generation, ImageJob
from generation.models.job import JobQuerySet
from generation.states import ACTIVE


@dataclass(frozen=True)
class Usage:
    """`made` counts what was asked for this month, pictures included."""

    connection: Connection
    in_flight: int
    made: int
    spent: Decimal
    cap: Decimal | None

    @property
    def resolved(self) -> ResolvedConnection:
        return ResolvedConnection.from_row(self.connection)


def measure_usage(connections: Sequence[Connection]) -> list[Usage]:
    """In the same order; three queries whatever their number."""
    month = budget.current_month()
    counts = [_counts(rows, connections) for rows in (Generation.objects.all(), ImageJob.objects.all())]
    budgets = {row.connection_id: row for row in Budget.objects.filter(connection__in=connections)}
    found = []
    for connection in connections:
        told = [count.get(connection.pk, (0, 0)) for count in counts]
        row = budgets.get(connection.pk) or Budget(connection=connection)
        found.append(
            Usage(
                connection=connection,
                in_flight=sum(active for active, _ in told),
                made=sum(made for _, made in told),
                spent=row.spent_in(month),
                cap=row.cap_month,
            )
        )
    return found


def _counts(rows: JobQuerySet[Any], connections: Sequence[Connection]) -> dict[int, tuple[int, int]]:
    """By connection: how many are under way, and how many were asked for this month."""
    began = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    told = (
        rows.filter(connection__in=connections)
        .order_by()
        .values("connection")
        .annotate(active=Count("pk", filter=Q(status__in=ACTIVE)), made=Count("pk", filter=Q(created_at__gte=began)))
    )
    return {row["connection"]: (row["active"], row["made"]) for row in told}
