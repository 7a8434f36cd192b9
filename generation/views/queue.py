"""What runs, what waits and why, and what did not work, over all teams of the person; as a page and as a drawer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from generation.models import Connection, Generation, Worker
from generation.states import ACTIVE, Status
from teams.access import editable_teams, signed_in

SHOWN_ACTIVE, SHOWN_ENDED = 200, 50


@dataclass
class Line:
    """The takes of one connection that are under way; None is this machine."""

    connection: Connection | None
    running: list[Generation] = field(default_factory=list)
    waiting: list[Generation] = field(default_factory=list)


def lines_of(takes: Iterable[Generation]) -> list[Line]:
    lines: dict[int | None, Line] = {}
    for take in takes:
        line = lines.setdefault(take.connection_id, Line(take.connection))
        (line.waiting if take.status == Status.QUEUED else line.running).append(take)
    return list(lines.values())


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    mine = Generation.objects.filter(scene__project__team__memberships__user=signed_in(request)).select_related(
        "scene__project__team", "created_by", "connection"
    )
    active = list(mine.active().order_by("created_at", "pk")[:SHOWN_ACTIVE])
    context = {
        "active": active,
        "lines": lines_of(active),
        "unknown": mine.filter(status=Status.UNKNOWN).order_by("-pk")[:SHOWN_ACTIVE],
        "ended": mine.exclude(status__in=[*ACTIVE, Status.UNKNOWN])
        .filter(deleted_at=None, scene__deleted_at=None, scene__project__deleted_at=None)
        .order_by("-finished_at")[:SHOWN_ENDED],
        "editable": editable_teams(signed_in(request)),
        "nobody_works": bool(active) and not Worker.alive().exists(),
    }
    template = "generation/_queue.html" if request.headers.get("HX-Request") else "generation/queue.html"
    return render(request, template, context)
