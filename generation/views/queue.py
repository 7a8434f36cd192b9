"""What runs, what waits and why, and what did not work, over all teams of the person; as a page and as a drawer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from generation import recovery
from generation.loaders import load_take
from generation.models import Connection, Generation, ImageGeneration, Worker
from generation.states import Status
from teams.access import editable_teams, signed_in
from teams.htmx import HtmxHttpRequest
from teams.models import Membership, Role

SHOWN_ACTIVE, SHOWN_ENDED = 200, 50
#: Where a session keeps until when the person has seen what became of interrupted takes.
SEEN = "recovery_seen_at"


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
def queue(request: HtmxHttpRequest) -> HttpResponse:
    person = signed_in(request)
    open_memberships = Membership.objects.that_open_for(person)
    mine = Generation.objects.filter(scene__project__team__memberships__in=open_memberships).select_related(
        "scene__project__team", "created_by", "connection"
    )
    pictures = ImageGeneration.objects.filter(project__team__memberships__in=open_memberships, project__deleted_at=None)
    shown = mine.live().filter(scene__deleted_at=None, scene__project__deleted_at=None).order_by("-finished_at")
    active = list(mine.active().order_by("created_at", "pk")[:SHOWN_ACTIVE])
    seen = request.session.get(SEEN)
    context = {
        "active": active,
        "lines": lines_of(active),
        "unknown": mine.filter(status=Status.UNKNOWN).order_by("-pk")[:SHOWN_ACTIVE],
        "unknown_pictures": pictures.filter(status=Status.UNKNOWN).select_related("project", "scene", "created_by"),
        "failed": shown.filter(status=Status.FAILED, dismissed_at=None)[:SHOWN_ENDED],
        "ended": shown.filter(status__in=[Status.COMPLETED, Status.CANCELLED])[:SHOWN_ENDED],
        "editable": editable_teams(person),
        "nobody_works": bool(active) and not Worker.alive().exists(),
        "recovered": recovery.report_of(mine.live(), seen=datetime.fromisoformat(seen) if seen else None),
    }
    template = "generation/_queue.html" if request.htmx else "generation/queue.html"
    return render(request, template, context)


@require_POST
def dismiss(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Somebody of the team has seen that it failed: it leaves the queue page for all of them."""
    take, _ = load_take(request, pk, at_least=Role.EDITOR, deleted_too=True)
    undismissed = Generation.objects.filter(pk=take.pk, status=Status.FAILED, dismissed_at=None)
    undismissed.update(dismissed_at=Now(), version=F("version") + 1, changed_at=Now())
    return redirect("queue")


@require_POST
def recovery_seen(request: HtmxHttpRequest) -> HttpResponse:
    """For this person only, who may be the one to act on it."""
    request.session[SEEN] = timezone.now().isoformat()
    return redirect("queue")
