"""How much a team uses its connections: running and waiting now, and finished this month."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q

from generation.billing import budget
from generation.connections import ResolvedConnection
from generation.models import Budget, Connection, Generation, ImageJob
from generation.models.job import JobQuerySet
from generation.states import ACTIVE, Status, describe_load


@dataclass(frozen=True)
class Usage:
    """`active` counts the takes and image requests in progress by status, `made` those completed this month."""

    connection: Connection
    active: Counter[str]
    made: int
    spent: Decimal
    cap: Decimal | None

    @property
    def resolved(self) -> ResolvedConnection:
        return ResolvedConnection.from_row(self.connection)

    @property
    def load(self) -> str:
        return describe_load(self.active, self.connection.max_in_flight)


def measure_usage(connections: Sequence[Connection]) -> list[Usage]:
    """In the order of the connections; three queries for any number of them."""
    month = budget.current_month()
    active: defaultdict[int, Counter[str]] = defaultdict(Counter)
    made: Counter[int] = Counter()
    for rows in (Generation.objects.all(), ImageJob.objects.all()):
        for connection_id, status, count in _count_rows(rows, connections, month):
            if status == Status.COMPLETED:
                made[connection_id] += count
            else:
                active[connection_id][status] += count
    budgets = {row.connection_id: row for row in Budget.objects.filter(connection__in=connections)}
    usages = []
    for connection in connections:
        row = budgets.get(connection.pk) or Budget(connection=connection)
        usages.append(
            Usage(connection, active[connection.pk], made[connection.pk], spent=row.spent_in(month), cap=row.cap_month)
        )
    return usages


def _count_rows(
    rows: JobQuerySet[Any], connections: Sequence[Connection], month: str
) -> Iterable[tuple[int, str, int]]:
    # Connection, status and number of the rows in progress, and of those completed this month.
    completed = Q(status=Status.COMPLETED, finished_at__gte=budget.month_start(month))
    counted = rows.filter(Q(status__in=ACTIVE) | completed, connection__in=connections)
    groups: Iterable[tuple[int, str, int]] = (
        counted.order_by().values_list("connection", "status").annotate(Count("pk"))
    )
    return groups
