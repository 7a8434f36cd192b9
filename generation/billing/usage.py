"""How much a team uses its connections: in progress now, and made this month."""

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
    """`made` counts the takes and image requests started this month."""

    connection: Connection
    in_flight: int
    made: int
    spent: Decimal
    cap: Decimal | None

    @property
    def resolved(self) -> ResolvedConnection:
        return ResolvedConnection.from_row(self.connection)


def measure_usage(connections: Sequence[Connection]) -> list[Usage]:
    """In the order of the connections; three queries for any number of them."""
    month = budget.current_month()
    counts = [_count_rows(rows, connections) for rows in (Generation.objects.all(), ImageJob.objects.all())]
    budgets = {row.connection_id: row for row in Budget.objects.filter(connection__in=connections)}
    usages = []
    for connection in connections:
        takes, images = (count.get(connection.pk, (0, 0)) for count in counts)
        row = budgets.get(connection.pk) or Budget(connection=connection)
        usages.append(
            Usage(
                connection=connection,
                in_flight=takes[0] + images[0],
                made=takes[1] + images[1],
                spent=row.spent_in(month),
                cap=row.cap_month,
            )
        )
    return usages


def _count_rows(rows: JobQuerySet[Any], connections: Sequence[Connection]) -> dict[int, tuple[int, int]]:
    # How many rows are in progress, and how many were started this month, by connection.
    month_start = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counts = (
        rows.filter(connection__in=connections)
        .order_by()
        .values("connection")
        .annotate(
            active=Count("pk", filter=Q(status__in=ACTIVE)), made=Count("pk", filter=Q(created_at__gte=month_start))
        )
    )
    return {row["connection"]: (row["active"], row["made"]) for row in counts}
