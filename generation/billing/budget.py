"""Reserves what a click may cost, settles what it did cost, releases the rest; caps hold whoever clicks at once.

Every function must run inside the transaction of the change of the row it is about. Budgets are locked while they are read
and written: the team's, then the project's, then those of the team's connections.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from core.money import exact, money
from generation.models import Budget, Connection, Generation, ImageJob, Job, LedgerEntry
from projects.models import Project
from teams import activity
from teams.models import Team, User, Verb

CAPS = {
    "cap_total": "the cap in total",
    "cap_month": "the cap per month",
    "confirm_above": "the price to ask above",
    "warn_at": "when to warn",
}


class NeedsConfirmation(ValidationError):
    """It costs more than the team starts without asking; nothing was started."""


def require_confirmation(price: Decimal | None, project: Project) -> None:
    """Raises NeedsConfirmation where this price, all in one, is above what the project or its team asks about.

    Where it is not known beforehand, it may be.
    """
    threshold = confirmation_threshold(project)
    if threshold is not None and (price is None or price > threshold):
        costs = "What this costs is told only afterwards" if price is None else f"This costs {money(price)}"
        raise NeedsConfirmation(f"{costs}; more than {money(threshold)} at once is asked about.")


def current_month() -> str:
    """By this machine's clock, to look at; what is decided goes by the database's."""
    return month_key(timezone.now())


def month_key(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m}"


def in_month(entries: QuerySet[LedgerEntry], month: str) -> QuerySet[LedgerEntry]:
    year, number = month.split("-")
    return entries.filter(at__year=int(year), at__month=int(number))


def _database_month(budget: Budget) -> str:
    """By the database's clock, once the budget is locked; it never goes back, or what was spent would be forgotten."""
    now = Budget.objects.filter(pk=budget.pk).values_list(Now(), flat=True).get()
    return max(budget.month, month_key(now))


def lock_budgets(project: Project) -> list[Budget]:
    """The team's and the project's, made where they are missing."""
    Budget.objects.get_or_create(team_id=project.team_id, project=project, connection=None)
    team_budget = lock_team_budget(project.team_id)
    return [team_budget, Budget.objects.select_for_update().get(project=project)]


def lock_team_budget(team_id: int) -> Budget:
    Budget.objects.get_or_create(team_id=team_id, project=None, connection=None)
    return _team_budgets().select_for_update().get(team_id=team_id)


def lock_connection_budget(connection_id: int, team_id: int) -> Budget:
    """Of a connection of the team, made where it is missing."""
    Budget.objects.get_or_create(team_id=team_id, project=None, connection_id=connection_id)
    return Budget.objects.select_for_update().get(connection_id=connection_id)


def connection_budget(connection: Connection) -> Budget:
    """To look at; one that was never needed is not saved."""
    found = Budget.objects.filter(connection=connection).first()
    return found or Budget(team=connection.team, connection=connection)


def _team_budgets() -> QuerySet[Budget]:
    return Budget.objects.filter(project=None, connection=None)


def team_budget(team: Team) -> Budget:
    """To look at; one that was never needed is not saved."""
    return _team_budgets().filter(team=team).first() or Budget(team=team)


def team_and_project_budgets(project: Project) -> tuple[Budget, Budget]:
    """The team's and the project's, to look at; one that was never needed is not saved."""
    found = {row.project_id: row for row in _team_or_project_budgets(project).select_related("team", "project")}
    team_budget = found.get(None) or Budget(team=project.team)
    return team_budget, found.get(project.pk) or Budget(team=project.team, project=project)


def reserve(rows: Iterable[Job], project: Project) -> None:
    """Set aside what these rows are estimated to cost, all or nothing. Raises ValidationError where it does not fit."""
    costly = [row for row in rows if row.estimated_cost]
    if not costly:
        return
    for budget, concerned in [*((one, costly) for one in lock_budgets(project)), *_by_connection(costly)]:
        amount = sum((row.estimated_cost for row in concerned), Decimal(0))
        if budget.cap_total is not None or budget.cap_month is not None:
            _refuse_what_does_not_fit(budget, amount, concerned)
        budget.reserved += amount
        budget.save(update_fields=["reserved"])
    for row in costly:
        _add_entry(LedgerEntry.Kind.RESERVE, row, project, reserved=row.estimated_cost)


def _by_connection(rows: Iterable[Job]) -> Iterator[tuple[Budget, list[Job]]]:
    """The budgets of the team's own connections with the rows that are made there, always in the same order."""
    made_at: dict[int, list[Job]] = defaultdict(list)
    for row in rows:
        if row.connection and row.connection.team_id:
            made_at[row.connection.pk].append(row)
    for pk, concerned in sorted(made_at.items(), key=lambda item: item[0]):
        connection = concerned[0].connection
        assert connection is not None
        assert connection.team_id is not None
        yield lock_connection_budget(pk, connection.team_id), concerned


def settle(row: Job, spent: Decimal) -> None:
    """The row is over: release what was set aside for it, and book what it cost."""
    entries, spent = LedgerEntry.objects.filter(**ledger_key(row)), exact(spent)
    reserved = exact(entries.aggregate(sum=Sum("reserved"))["sum"])
    if not reserved and not spent:
        return
    project = find_project(row)
    for budget in [*lock_budgets(project), *(one for one, _ in _by_connection([row]))]:
        budget.reserved -= reserved
        budget.spent += spent
        month = _database_month(budget)
        budget.spent_month = budget.spent_in(month) + spent
        budget.month = month
        budget.save(update_fields=["reserved", "spent", "spent_month", "month"])
    kind = LedgerEntry.Kind.SETTLE if spent else LedgerEntry.Kind.RELEASE
    _add_entry(kind, row, project, reserved=-reserved, spent=spent)


def confirmation_threshold(project: Project) -> Decimal | None:
    """The price from which on a click is asked about, as the project has it, else its team; None where nothing is."""
    asking = _team_or_project_budgets(project).exclude(confirm_above=None).order_by(F("project").asc(nulls_last=True))
    return asking.values_list("confirm_above", flat=True).first()


def is_capped(project: Project, connection: Connection | None) -> bool:
    """The project, its team, or the connection that would be used."""
    uncapped = Q(cap_total=None, cap_month=None)
    concerned = _team_or_project_budgets(project)
    if connection is not None:
        concerned |= Budget.objects.filter(connection=connection)
    return concerned.exclude(uncapped).exists()


def budget_warning(project: Project) -> str:
    """A sentence where the project's or its team's budget is nearly used; else empty."""
    month = current_month()
    for row in team_and_project_budgets(project)[::-1]:
        if row.is_nearly_used(month):
            left = max(row.left(month) or Decimal(0), Decimal(0))
            return f"{money(left)} is left in the budget of {_name_owner(row)}."
    return ""


def _team_or_project_budgets(project: Project) -> QuerySet[Budget]:
    of_either = Q(project=project) | Q(project=None, connection=None)
    return Budget.objects.filter(of_either, team_id=project.team_id)


def change_caps(budget: Budget, caps: dict[str, Any], member: User) -> None:
    """An owner's act, and written down."""
    changed = {name: cap for name, cap in caps.items() if getattr(budget, name) != cap}
    if not changed:
        return
    before = {name: getattr(budget, name) for name in changed}
    Budget.objects.filter(pk=budget.pk).update(**changed)
    changes = {name: f"{CAPS[name]}: {_format_cap(before[name])} → {_format_cap(cap)}" for name, cap in changed.items()}
    LedgerEntry.objects.create(
        kind=LedgerEntry.Kind.CAP,
        team=budget.team,
        project=budget.project,
        member=member,
        note=f"{', '.join(changes.values())} for {_name_owner(budget)}"[:300],
    )
    for name, cap in changed.items():
        # One that lets more be spent than before is raised; one that is taken away, too.
        is_raised = (
            name in {"cap_total", "cap_month"} and before[name] is not None and (cap is None or cap > before[name])
        )
        activity.record(
            Verb.CAP_RAISED if is_raised else Verb.BUDGET_CHANGED,
            member,
            f"{changes[name]}, for {_name_owner(budget)}",
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


def _refuse_what_does_not_fit(budget: Budget, amount: Decimal, rows: list[Job]) -> None:
    left = budget.left(_database_month(budget))
    if left is None or amount <= left:
        return
    has, costs = money(max(left, Decimal(0))), money(amount)
    message = f"The budget of {_name_owner(budget)} has {has} left; this costs {costs}. An owner can raise it."
    fitting = []
    for row in rows:
        if row.estimated_cost <= left and isinstance(row, Generation):
            left -= row.estimated_cost
            fitting.append(str(row.scene.position))
    if len(rows) > 1:
        message += f" Scenes {', '.join(fitting)} would fit." if fitting else " None of the scenes fits."
    raise ValidationError(message)
