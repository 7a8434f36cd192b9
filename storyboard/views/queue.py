"""What runs, what waits and why, and what did not work, over all teams of the person; as a page and as a drawer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from generation import pipeline
from generation.connections import roster_for
from generation.jobs import recovery
from generation.loaders import load_images, load_take
from generation.models import Connection, Generation, ImageJob, Job, Worker
from generation.states import Status
from generation.takes.actions import dismiss_failure
from storyboard.cards import JobEntry, build_entry
from teams.access import current_user, editable_teams
from teams.models import Membership, Role

SHOWN_ACTIVE, SHOWN_ENDED = 200, 50
#: Where a session keeps until when the person has seen what became of interrupted takes.
SEEN = "recovery_seen_at"


@dataclass
class Line:
    """What is under way at one connection; None is this machine."""

    connection: Connection | None
    running: list[JobEntry] = field(default_factory=list)
    waiting: list[JobEntry] = field(default_factory=list)


def group_by_connection(entries: Iterable[JobEntry]) -> list[Line]:
    lines: dict[int | None, Line] = {}
    for entry in entries:
        line = lines.setdefault(entry.job.connection_id, Line(entry.job.connection))
        (line.waiting if entry.job.status == Status.QUEUED else line.running).append(entry)
    return list(lines.values())


@require_safe
def queue(request: HtmxHttpRequest) -> HttpResponse:
    person = current_user(request)
    open_memberships = Membership.objects.open_for_user(person)
    mine = Generation.objects.filter(scene__project__team__memberships__in=open_memberships).select_related(
        "scene__project__team", "created_by", "connection"
    )
    pictures = ImageJob.objects.filter(
        project__team__memberships__in=open_memberships, project__deleted_at=None
    ).select_related("project", "scene", "created_by", "connection")
    shown = mine.live().filter(scene__deleted_at=None, scene__project__deleted_at=None).order_by("-finished_at")
    active = [*mine.active().order_by("created_at", "pk")[:SHOWN_ACTIVE], *pictures.active()[:SHOWN_ACTIVE]]
    seen = request.session.get(SEEN)
    recovered = recovery.build_report(mine.live(), seen=datetime.fromisoformat(seen) if seen else None)
    rosters = cache(roster_for)

    def entries(jobs: Iterable[Job]) -> list[JobEntry]:
        return [build_entry(job, rosters(job.team_id)) for job in jobs]

    context = {
        "active": active,
        "lines": group_by_connection(entries(active)),
        "unknown": entries(mine.filter(status=Status.UNKNOWN).order_by("-pk")[:SHOWN_ACTIVE]),
        "unknown_pictures": entries(pictures.filter(status=Status.UNKNOWN)),
        "failed_pictures": entries(
            pictures.filter(status=Status.FAILED, dismissed_at=None).order_by("-pk")[:SHOWN_ENDED]
        ),
        "failed": entries(shown.filter(status=Status.FAILED, dismissed_at=None)[:SHOWN_ENDED]),
        "ended": entries(shown.filter(status__in=[Status.COMPLETED, Status.CANCELLED])[:SHOWN_ENDED]),
        "editable": editable_teams(person),
        "nobody_works": bool(active) and not Worker.alive().exists(),
        "recovered": recovered,
        "recovered_takes": entries(recovered.takes),
    }
    template = "storyboard/_queue.html" if request.htmx else "storyboard/queue.html"
    return render(request, template, context)


@require_POST
def dismiss(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR, deleted_too=True)
    dismiss_failure(take)
    return redirect("queue")


@require_POST
def images_dismiss(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    row, _ = load_images(request, pk, at_least=Role.EDITOR)
    dismiss_failure(row)
    return redirect("queue")


@require_POST
def images_cancel(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    row, _ = load_images(request, pk, at_least=Role.EDITOR)
    if not pipeline.cancel_images(row, current_user(request)) and row.is_active:
        messages.info(request, "These pictures are being made already; they will be kept.")
    return redirect("queue")


@require_POST
def recovery_seen(request: HtmxHttpRequest) -> HttpResponse:
    """For this person only, who may be the one to act on it."""
    request.session[SEEN] = timezone.now().isoformat()
    return redirect("queue")
