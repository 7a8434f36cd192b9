"""What takes and pictures were estimated to cost, and did: one line each, and sums that never mix currencies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils import timezone

from generation.models import Generation, ImageGeneration
from generation.naming import model_name
from generation.states import Status
from projects.models import Project
from teams.models import Membership, User

GROUPS = {"project": "Project", "member": "Member", "model": "Model", "month": "Month"}


@dataclass(frozen=True)
class Line:
    #: What tells groups of the same name apart.
    project_id: int
    member_id: int | None
    month: str
    team: str
    project: str
    member: str
    model: str
    what: str
    status: str
    currency: str
    estimated: Decimal
    actual: Decimal
    #: Nobody knows yet, or it is under way: the estimate is set aside.
    reserved: Decimal


@dataclass
class Sums:
    name: str
    currency: str
    count: int = 0
    estimated: Decimal = Decimal(0)
    actual: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)

    def add(self, line: Line) -> None:
        self.count += 1
        self.estimated += line.estimated
        self.actual += line.actual
        self.reserved += line.reserved


def lines_for(person: User) -> list[Line]:
    """Everything that could have cost something in the person's teams, newest first; deleted scenes and projects too."""
    costly = Q(estimated_cost__gt=0) | Q(actual_cost__gt=0)
    open_memberships = Membership.objects.that_open_for(person)
    takes = (
        Generation.objects.filter(costly, scene__project__team__memberships__in=open_memberships)
        .select_related("scene__project__team", "created_by")
        .order_by("-pk")
    )
    pictures = (
        ImageGeneration.objects.filter(costly, project__team__memberships__in=open_memberships)
        .select_related("project__team", "created_by")
        .order_by("-pk")
    )
    return [*_of_takes(takes), *_of_pictures(pictures)]


def _of_takes(takes: Iterable[Generation]) -> Iterator[Line]:
    for take in takes:
        yield _line(take, take.scene.project, f"{take.scene.title}, take {take.number}")


def _of_pictures(rows: Iterable[ImageGeneration]) -> Iterator[Line]:
    for row in rows:
        yield _line(row, row.project, row.get_role_display())


def _line(row: Generation | ImageGeneration, project: Project, what: str) -> Line:
    is_open = row.is_active or row.status == Status.UNKNOWN
    return Line(
        project_id=project.pk,
        member_id=row.created_by_id,
        month=f"{timezone.localtime(row.created_at):%Y-%m}",
        team=str(project.team),
        project=project.title,
        member=str(row.created_by or "somebody"),
        model=model_name(row.model_id, project.team_id),
        what=what,
        status=row.get_status_display(),
        currency=row.currency,
        estimated=row.estimated_cost,
        actual=row.actual_cost or Decimal(0),
        reserved=row.estimated_cost if is_open else Decimal(0),
    )


def grouped(lines: Iterable[Line], by: str) -> list[Sums]:
    """The sums by one of GROUPS and currency, the dearest first; months newest first."""
    sums: dict[tuple[Hashable, str], Sums] = {}
    for line in lines:
        key, name = _group_of(line, by)
        sums.setdefault((key, line.currency), Sums(name, line.currency)).add(line)
    if by == "month":
        return sorted(sums.values(), key=lambda one: one.name, reverse=True)
    return sorted(sums.values(), key=lambda one: (one.actual + one.reserved, one.estimated), reverse=True)


def _group_of(line: Line, by: str) -> tuple[Hashable, str]:
    """What makes a group one, and what people call it."""
    match by:
        case "project":
            return line.project_id, line.project
        case "member":
            return line.member_id, line.member
        case "model":
            return line.model, line.model
        case _:
            return line.month, line.month


def totals(lines: Iterable[Line]) -> list[Sums]:
    sums: dict[str, Sums] = defaultdict(lambda: Sums("All", ""))
    for line in lines:
        sums[line.currency].currency = line.currency
        sums[line.currency].add(line)
    return list(sums.values())


def as_table(lines: Iterable[Line]) -> Iterator[list[object]]:
    yield [
        "month",
        "team",
        "project",
        "member",
        "model",
        "what",
        "status",
        "currency",
        "estimated",
        "actual",
        "reserved",
    ]
    for line in lines:
        yield [
            line.month,
            line.team,
            line.project,
            line.member,
            line.model,
            line.what,
            line.status,
            line.currency,
            line.estimated,
            line.actual,
            line.reserved,
        ]
