"""Estimated and actual costs of takes and images: sums for the page, and every row for a spreadsheet.

A row counts in the month in which the ledger settles it, as in the budgets. A row with a hold is in no month yet.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone

from core.money import CURRENCY, exact
from generation.billing import budget
from generation.connections import Roster, roster_for
from generation.models import Generation, ImageJob, LedgerEntry
from generation.models.generation import GenerationQuerySet
from generation.states import ACTIVE, Status
from projects.models import Project
from teams.models import Membership, User

GROUPS = {"project": "Project", "member": "Member", "model": "Model", "month": "Month"}
COSTLY = Q(estimated_cost__gt=0) | Q(actual_cost__gt=0)
#: The estimate of such a row is on hold.
OPEN = (*ACTIVE, Status.UNKNOWN)
DELETED_USER = "Deleted user"
SHOWN_DEVIATING = 20
DEVIATING_COLUMNS = ("number", "differences", "estimated_cost", "actual_cost", "scene__title", "scene__project__title")


@dataclass(frozen=True)
class Line:
    """Costs of one member's takes or images with one model in one month of a project; `month` is empty for holds."""

    project_id: int
    member_id: int | None
    month: str
    project: str
    member: str
    model: str
    count: int
    estimated: Decimal
    actual: Decimal
    reserved: Decimal


@dataclass
class Sums:
    name: str
    count: int = 0
    estimated: Decimal = Decimal(0)
    actual: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    def add(self, line: Line) -> None:
        self.count += line.count
        self.estimated += line.estimated
        self.actual += line.actual
        self.reserved += line.reserved


def _costly_takes(person: User) -> GenerationQuerySet:
    memberships = Membership.objects.open_for_user(person)
    takes = Generation.objects.filter(COSTLY, scene__project__team__memberships__in=memberships)
    annotated: GenerationQuerySet = takes.annotate(settled_at=_settled_at("take"))
    return annotated


def _costly_image_jobs(person: User) -> QuerySet[ImageJob, Any]:
    memberships = Membership.objects.open_for_user(person)
    jobs = ImageJob.objects.filter(COSTLY, project__team__memberships__in=memberships)
    return jobs.annotate(settled_at=_settled_at("images"))


def _settled_at(key: str) -> Subquery:
    settled = LedgerEntry.objects.filter(kind__in=(LedgerEntry.Kind.SETTLE, LedgerEntry.Kind.RELEASE))
    return Subquery(settled.filter(**{key: OuterRef("pk")}).order_by("-pk").values("at")[:1])


def cost_lines(person: User) -> list[Line]:
    """The costs in the person's teams, deleted takes, scenes and projects included. The database adds them up."""
    groups = [*_sum_costs(_costly_takes(person), "scene__project"), *_sum_costs(_costly_image_jobs(person), "project")]
    rosters = cache(roster_for)
    members = User.objects.in_bulk([group["created_by"] for group in groups if group["created_by"]])
    return [
        Line(
            project_id=group["project_pk"],
            member_id=group["created_by"],
            month=f"{group['month']:%Y-%m}" if group["month"] else "",
            project=group["title"],
            member=str(members.get(group["created_by"], DELETED_USER)),
            model=rosters(group["team"]).model_name(group["model_id"]),
            count=group["count"],
            estimated=exact(group["estimated"]),
            actual=exact(group["actual"]),
            reserved=exact(group["reserved"]),
        )
        for group in groups
    ]


def _sum_costs(rows: QuerySet[Any], project: str) -> Iterable[dict[str, Any]]:
    # `project` is the lookup from a row to its project.
    about = {"project_pk": F(project), "title": F(f"{project}__title"), "team": F(f"{project}__team")}
    groups: Iterable[dict[str, Any]] = (
        rows.order_by()
        .values(
            "created_by", "model_id", month=TruncMonth("settled_at", tzinfo=timezone.get_default_timezone()), **about
        )
        .annotate(
            count=Count("pk"),
            estimated=Sum("estimated_cost"),
            actual=Sum("actual_cost"),
            reserved=Sum("estimated_cost", filter=Q(status__in=OPEN)),
        )
    )
    return groups


def list_deviating_takes(person: User) -> QuerySet[Generation]:
    """The newest paid takes whose clip differs from the order."""
    deviating = _costly_takes(person).live().exclude(differences=[])
    shown = deviating.filter(scene__deleted_at=None, scene__project__deleted_at=None)
    return shown.select_related("scene__project").only(*DEVIATING_COLUMNS).order_by("-pk")[:SHOWN_DEVIATING]


def group_lines(lines: Iterable[Line], by: str) -> list[Sums]:
    """Sums by one of GROUPS: months newest first, after the row of holds; everything else most expensive first."""
    sums: dict[Hashable, Sums] = {}
    for line in lines:
        key, name = _group_key(line, by)
        sums.setdefault(key, Sums(name)).add(line)
    if by == "month":
        return sorted(sums.values(), key=lambda group: group.name, reverse=True)
    return sorted(sums.values(), key=lambda group: (group.actual + group.reserved, group.estimated), reverse=True)


def _group_key(line: Line, by: str) -> tuple[Hashable, str]:
    # The key and name of the line's group. Projects and members go by id: two may have the same name.
    match by:
        case "project":
            return line.project_id, line.project
        case "member":
            return line.member_id, line.member
        case "model":
            return line.model, line.model
        case _:
            return line.month, line.month or "On hold"


def sum_lines(lines: Iterable[Line]) -> Sums:
    sums = Sums(f"Total ({CURRENCY})")
    for line in lines:
        sums.add(line)
    return sums


# -- The spreadsheet ---------------------------------------------------------------------------------------------------

HEADINGS = [
    "team",
    "project",
    "member",
    "model",
    "what",
    "status",
    f"estimated ({CURRENCY})",
    f"actual ({CURRENCY})",
    f"reserved ({CURRENCY})",
    "differences from the order",
]
#: The columns to read: prompts, shots and inputs are large, and not in the table.
COLUMNS = [
    "created_by__name",
    "created_by__email",
    "model_id",
    "status",
    "estimated_cost",
    "actual_cost",
]
TAKE_COLUMNS = [
    *COLUMNS,
    "number",
    "differences",
    "scene__title",
    "scene__project__title",
    "scene__project__team__name",
]
IMAGE_COLUMNS = [*COLUMNS, "role", "project__title", "project__team__name"]


def cost_table(person: User) -> Iterator[list[object]]:
    """The headings, then a row for each take and each image request, newest first. A row with a hold has no month."""
    yield [f"settled in month ({budget.zone_name()})", *HEADINGS]
    rosters = cache(roster_for)
    takes = _costly_takes(person).select_related("scene__project__team", "created_by").only(*TAKE_COLUMNS)
    for take in takes.order_by("-pk").iterator():
        what = f"{take.scene.title}, take {take.number}"
        yield _row(take, take.scene.project, what, rosters(take.team_id))
    pictures = _costly_image_jobs(person).select_related("project__team", "created_by").only(*IMAGE_COLUMNS)
    for request in pictures.order_by("-pk").iterator():
        yield _row(request, request.project, request.get_role_display(), rosters(request.team_id))


def _row(row: Any, project: Project, what: str, roster: Roster) -> list[object]:
    return [
        budget.month_key(row.settled_at) if row.settled_at else "",
        str(project.team),
        project.title,
        str(row.created_by or DELETED_USER),
        roster.model_name(row.model_id),
        what,
        row.get_status_display(),
        row.estimated_cost,
        row.actual_cost or Decimal(0),
        row.estimated_cost if row.status in OPEN else Decimal(0),
        " ".join(row.differences) if isinstance(row, Generation) else "",
    ]
