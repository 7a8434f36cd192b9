"""The queue of all teams of the person: running, waiting with the reason, failed. A page, and a drawer for HTMX."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

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
from generation.models.generation import GenerationQuerySet
from generation.models.image_job import ImageJobQuerySet
from generation.states import Status, describe_load
from generation.takes.actions import dismiss_failure
from storyboard.cards import JobEntry, build_entry
from teams.access import current_user, editable_teams
from teams.models import Membership, Role, User

EntryBuilder = Callable[[Iterable[Job]], list[JobEntry]]

SHOWN_ACTIVE, SHOWN_ENDED = 200, 50
#: Session key: the time up to which the person has dismissed the report on interrupted takes.
SEEN = "recovery_seen_at"


@dataclass
class Line:
    """The active jobs of one connection; None for this server."""

    connection: Connection | None
    entries: list[JobEntry] = field(default_factory=list)

    @property
    def load(self) -> str:
        limit = self.connection.max_in_flight if self.connection else None
        return describe_load(Counter(entry.job.status for entry in self.entries), limit)


def group_by_connection(entries: Iterable[JobEntry]) -> list[Line]:
    # What runs comes first, then what waits.
    lines: dict[int | None, Line] = {}
    for entry in sorted(entries, key=lambda entry: entry.job.status == Status.QUEUED):
        lines.setdefault(entry.job.connection_id, Line(entry.job.connection)).entries.append(entry)
    return list(lines.values())


@require_safe
def queue(request: HtmxHttpRequest) -> HttpResponse:
    user = current_user(request)
    seen = request.session.get(SEEN)
    entries = entry_builder()
    context = queue_context(user, entries)
    takes = takes_of_teams(user).live()
    recovered = recovery.build_report(takes, seen=datetime.fromisoformat(seen) if seen else None)
    context |= {"recovered": recovered, "recovered_takes": entries(recovered.takes)}
    return render(request, "storyboard/_queue.html" if request.htmx else "storyboard/queue.html", context)


def queue_context(user: User, entries: EntryBuilder) -> dict[str, Any]:
    # Deleted takes and scenes count while active or unknown: they can still cost money.
    takes = takes_of_teams(user)
    pictures = pictures_of_teams(user)
    shown = takes.live().filter(scene__deleted_at=None, scene__project__deleted_at=None).order_by("-finished_at")
    failed = {"status": Status.FAILED, "dismissed_at": None}
    unknown = [
        *pictures.filter(status=Status.UNKNOWN),
        *takes.filter(status=Status.UNKNOWN).order_by("-pk")[:SHOWN_ACTIVE],
    ]
    failures = [*pictures.filter(**failed).order_by("-pk")[:SHOWN_ENDED], *shown.filter(**failed)[:SHOWN_ENDED]]
    active = [*takes.active().order_by("created_at", "pk")[:SHOWN_ACTIVE], *pictures.active()[:SHOWN_ACTIVE]]
    return {
        "active": active,
        "lines": group_by_connection(entries(active)),
        "unknown": entries(unknown),
        "failed": entries(failures),
        "ended": entries(shown.filter(status__in=[Status.COMPLETED, Status.CANCELLED])[:SHOWN_ENDED]),
        "editable": editable_teams(user),
        "has_no_worker": bool(active) and not Worker.alive().exists(),
    }


def takes_of_teams(user: User) -> GenerationQuerySet:
    takes = Generation.objects.filter(scene__project__team__memberships__in=Membership.objects.open_for_user(user))
    return takes.select_related("scene__project__team", "created_by", "connection")


def pictures_of_teams(user: User) -> ImageJobQuerySet:
    pictures = ImageJob.objects.filter(
        project__team__memberships__in=Membership.objects.open_for_user(user), project__deleted_at=None
    )
    return pictures.select_related("project", "scene", "created_by", "connection")


def entry_builder() -> EntryBuilder:
    # Builds entries of jobs of several teams; reads the roster of each team once.
    rosters = cache(roster_for)
    return lambda jobs: [build_entry(job, rosters(job.team_id)) for job in jobs]


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
        messages.info(request, "Too late to cancel: these images are being generated and will be kept.")
    return redirect("queue")


@require_POST
def recovery_seen(request: HtmxHttpRequest) -> HttpResponse:
    # Hide the report on interrupted takes, for this person only: another member may have to act on it.
    request.session[SEEN] = timezone.now().isoformat()
    return redirect("queue")
