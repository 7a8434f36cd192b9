"""Caps, holds and the ledger: a click reserves its estimated cost, the end of the job settles or releases it.

Every function that writes must run inside the transaction that changes the job's row, so that the row and its money change
together. Budgets are locked before they are read, always in one order: the team's, the project's, then those of the team's
connections by id. The locks make caps hold however many people click at once; the order keeps two clicks from deadlocking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from core.money import exact, money
from core.plurals import name_numbers
from generation.connections import read_environment
from generation.models import Budget, Connection, Generation, ImageJob, Job, LedgerEntry
from projects.models import Project
from teams import activity
from teams.models import Team, User, Verb

#: What people call the settings of a budget, in the activity log.
SETTINGS = {
    "cap_total": "total cap",
    "cap_month": "monthly cap",
    "confirm_above": "confirmation threshold",
    "warn_at": "warning threshold",
}


class NeedsConfirmation(ValidationError):
    """The price is above the confirmation threshold. Nothing was started."""


def require_confirmation(price: Decimal, project: Project) -> None:
    """Raises NeedsConfirmation if the click's whole price is above the threshold."""
    threshold = confirmation_threshold(project)
    if threshold is not None and price > threshold:
        raise NeedsConfirmation(
            f"This costs {money(price)}, above the confirmation threshold of {money(threshold)}. Continue?"
        )


def current_month() -> str:
    """By this machine's clock, for display only: caps are judged by the database's, which all machines share."""
    return month_key(timezone.now())


def month_key(moment: datetime) -> str:
    """The month in the server's zone, such as 2026-11."""
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m}"


def month_start(month: str) -> datetime:
    year, number = map(int, month.split("-"))
    return datetime(year, number, 1, tzinfo=timezone.get_default_timezone())


def zone_name() -> str:
    """Such as "Europe/Berlin": months begin and end there, on every page, in every table and under every cap."""
    return timezone.get_default_timezone_name()


def in_month(entries: QuerySet[LedgerEntry], month: str) -> QuerySet[LedgerEntry]:
    year, number = month.split("-")
    return entries.filter(at__year=int(year), at__month=int(number))


def _database_month(budget: Budget) -> str:
    """The month to book in, by the database's clock. Call with the budget locked.

    Never earlier than the budget's own: a clock that is put back would forget what was spent this month.
    """
    now = Budget.objects.filter(pk=budget.pk).values_list(Now(), flat=True).get()
    return max(budget.month, month_key(now))


def lock_budgets(project: Project) -> list[Budget]:
    """The team's and the project's, created if missing."""
    Budget.objects.get_or_create(team_id=project.team_id, project=project, connection=None)
    team_budget = lock_team_budget(project.team_id)
    return [team_budget, Budget.objects.select_for_update().get(project=project)]


def lock_team_budget(team_id: int) -> Budget:
    Budget.objects.get_or_create(team_id=team_id, project=None, connection=None, defaults=settings.TEAM_CAPS)
    return _team_budgets().select_for_update().get(team_id=team_id)


def lock_connection_budget(connection_id: int, team_id: int | None) -> Budget:
    """The budget of a team's own connection, or without a team of a server connection; created if missing."""
    Budget.objects.get_or_create(team_id=team_id, project=None, connection_id=connection_id)
    return Budget.objects.select_for_update().get(connection_id=connection_id)


def _lock_server_budget(connection: Connection) -> Budget:
    # With the operator's cap as of now: the environment may have changed since the last click.
    budget = lock_connection_budget(connection.pk, None)
    if budget.cap_month != (cap := server_cap(connection)):
        budget.cap_month = cap
        budget.save(update_fields=["cap_month"])
    return budget


def server_cap(connection: Connection) -> Decimal | None:
    """The monthly cap that the operator has set for one of the environment's connections, for all teams together."""
    found = read_environment().get(connection.slug)
    return found.cap_month if found else None


def connection_budget(connection: Connection) -> Budget:
    """For display: unlocked, and unsaved if there is none yet."""
    row = Budget.objects.filter(connection=connection).first()
    return row or Budget(team=connection.team, connection=connection)


def _team_budgets() -> QuerySet[Budget]:
    return Budget.objects.filter(project=None, connection=None)


def team_budget(team: Team) -> Budget:
    """For display: unlocked, and unsaved if there is none yet."""
    return _team_budgets().filter(team=team).first() or Budget(team=team, **settings.TEAM_CAPS)


def team_and_project_budgets(project: Project) -> tuple[Budget, Budget]:
    """For display: unlocked, and unsaved if there is none yet."""
    rows = {row.project_id: row for row in _team_or_project_budgets(project).select_related("team", "project")}
    team_budget = rows.get(None) or Budget(team=project.team, **settings.TEAM_CAPS)
    return team_budget, rows.get(project.pk) or Budget(team=project.team, project=project)


def reserve(rows: Iterable[Job], project: Project) -> None:
    """Hold the estimated cost of these rows, all or nothing. Raises ValidationError if a cap leaves less than that."""
    costly = [row for row in rows if row.estimated_cost]
    if not costly:
        return
    for budget, charged in [*((budget, costly) for budget in lock_budgets(project)), *_lock_by_connection(costly)]:
        amount = sum((row.estimated_cost for row in charged), Decimal(0))
        if budget.cap_total is not None or budget.cap_month is not None:
            _require_room(budget, amount, charged)
        budget.reserved += amount
        budget.save(update_fields=["reserved"])
    for row in costly:
        _add_entry(LedgerEntry.Kind.RESERVE, row, project, reserved=row.estimated_cost)


def _lock_by_connection(rows: Iterable[Job]) -> Iterator[tuple[Budget, list[Job]]]:
    # Budgets of connections with their rows. Locks them by ascending id.
    rows_by_connection: dict[int, list[Job]] = defaultdict(list)
    for row in rows:
        if row.connection:
            rows_by_connection[row.connection.pk].append(row)
    for pk, charged in sorted(rows_by_connection.items(), key=lambda item: item[0]):
        connection = charged[0].connection
        assert connection is not None
        if connection.team_id is None:
            yield _lock_server_budget(connection), charged
        else:
            yield lock_connection_budget(pk, connection.team_id), charged


def settle(row: Job, spent: Decimal) -> None:
    """Release what the ledger still holds for the row, and book what it cost. Without either, writes nothing."""
    entries, spent = LedgerEntry.objects.filter(**ledger_key(row)), exact(spent)
    reserved = exact(entries.aggregate(sum=Sum("reserved"))["sum"])
    if not reserved and not spent:
        return
    project = find_project(row)
    for budget in [*lock_budgets(project), *(budget for budget, _ in _lock_by_connection([row]))]:
        budget.reserved -= reserved
        budget.spent += spent
        month = _database_month(budget)
        budget.spent_month = budget.spent_in(month) + spent
        budget.month = month
        budget.save(update_fields=["reserved", "spent", "spent_month", "month"])
    kind = LedgerEntry.Kind.SETTLE if spent else LedgerEntry.Kind.RELEASE
    _add_entry(kind, row, project, reserved=-reserved, spent=spent)


def confirmation_threshold(project: Project) -> Decimal | None:
    """The price above which a click needs confirmation: the project's, else its team's. None means never."""
    budgets = _team_or_project_budgets(project).exclude(confirm_above=None).order_by(F("project").asc(nulls_last=True))
    return budgets.values_list("confirm_above", flat=True).first()


def budget_warning(project: Project) -> str:
    """Empty unless the project's or its team's budget is nearly used; the project's comes first."""
    month = current_month()
    for row in team_and_project_budgets(project)[::-1]:
        if row.is_nearly_used(month):
            left = max(row.left(month) or Decimal(0), Decimal(0))
            return f"{money(left)} left in the budget of {_name_owner(row)}."
    return ""


def _team_or_project_budgets(project: Project) -> QuerySet[Budget]:
    is_either = Q(project=project) | Q(project=None, connection=None)
    return Budget.objects.filter(is_either, team_id=project.team_id)


def copy_caps(original: Project, copy: Project) -> None:
    """A copy of a project has its caps and thresholds, and has spent nothing."""
    if row := Budget.objects.filter(project=original).first():
        kept = {name: getattr(row, name) for name in SETTINGS}
        Budget.objects.create(team_id=copy.team_id, project=copy, **kept)


def change_caps(budget: Budget, caps: dict[str, Any], member: User) -> None:
    """Change the budget's settings, and record each change in the ledger and the activity log."""
    assert budget.team is not None, "the operator caps server connections in the environment"
    changed = {name: cap for name, cap in caps.items() if getattr(budget, name) != cap}
    if not changed:
        return
    before = {name: getattr(budget, name) for name in changed}
    Budget.objects.filter(pk=budget.pk).update(**changed)
    changes = {
        name: f"{SETTINGS[name]}: {_format_cap(before[name])} → {_format_cap(cap)}" for name, cap in changed.items()
    }
    LedgerEntry.objects.create(
        kind=LedgerEntry.Kind.CAP,
        team=budget.team,
        project=budget.project,
        member=member,
        note=f"{', '.join(changes.values())} for {_name_owner(budget)}"[:300],
    )
    for name, cap in changed.items():
        # Removing a cap raises it too: more can be spent than before.
        is_raised = (
            name in {"cap_total", "cap_month"} and before[name] is not None and (cap is None or cap > before[name])
        )
        activity.record(
            Verb.CAP_RAISED if is_raised else Verb.BUDGET_CHANGED,
            member,
            f"the {changes[name]}, for {_name_owner(budget)}",
            team=budget.team_id,
            project=budget.project,
            page=("project_budget", budget.project.pk) if budget.project else None,
            amount=cap if isinstance(cap, Decimal) else None,
        )


def _format_cap(value: Any) -> str:
    if value is None:
        return "none"
    return money(value) if isinstance(value, Decimal) else f"{value} %"


def find_project(row: Job) -> Project:
    if isinstance(row, Generation):
        return row.scene.project
    assert isinstance(row, ImageJob)
    return row.project


def ledger_key(row: Job) -> dict[str, int]:
    return {"take_id" if isinstance(row, Generation) else "images_id": row.pk}


def _add_entry(kind: LedgerEntry.Kind, row: Job, project: Project, **amounts: Decimal) -> None:
    LedgerEntry.objects.create(
        kind=kind,
        team_id=project.team_id,
        project=project,
        member_id=row.created_by_id,
        **ledger_key(row),
        **amounts,
    )


def _name_owner(budget: Budget) -> str:
    if budget.connection:
        return f"the connection “{budget.connection}”"
    return f"the project “{budget.project}”" if budget.project else f"the team “{budget.team}”"


def _require_room(budget: Budget, amount: Decimal, rows: list[Job]) -> None:
    """Raises ValidationError that names the scenes for which the budget has enough left, in the order of the rows."""
    left = budget.left(_database_month(budget))
    if left is None or amount <= left:
        return
    has, costs = money(max(left, Decimal(0))), money(amount)
    who = "An owner" if budget.team_id else "The operator of this server"
    message = (
        f"This costs {costs}, but the budget of {_name_owner(budget)} has {has} left. Nothing was started. "
        f"{who} can raise the cap."
    )
    fitting = []
    for row in rows:
        if row.estimated_cost <= left and isinstance(row, Generation):
            left -= row.estimated_cost
            fitting.append(row.scene.position)
    if len(rows) > 1:
        message += f" {name_numbers('Scene', fitting)} would fit." if fitting else " No scene would fit."
    raise ValidationError(message)
