"""A team's storage: how much its clips and pictures use, and the trash."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.plurals import count_noun
from generation.media import quota, trash
from projects.models import Project
from teams.access import load_team
from teams.models import Role


@require_safe
def team_storage(request: HttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk)
    clips = {
        "bytes": Sum("scenes__takes__clip_bytes"),
        "clips": Count("scenes__takes", filter=Q(scenes__takes__clip_bytes__gt=0)),
    }
    projects = Project.objects.filter(team=team).annotate(**clips)
    context = {
        "team": team,
        "usage": quota.usage_of(pk),
        "trash": quota.trash_bytes(pk),
        "in_trash": trash.count_of(team),
        "days": settings.TRASH_DAYS,
        "projects": projects.live().order_by("-bytes", "pk"),
        "deleted_projects": projects.filter(deleted_at__gt=trash.kept_since()).order_by("-deleted_at"),
        "can_restore": role.includes(Role.EDITOR),
        "can_empty": role == Role.OWNER,
    }
    return render(request, "generation/storage.html", context)


@require_POST
def trash_empty(request: HttpRequest, pk: int) -> HttpResponse:
    team, _ = load_team(request, pk, at_least=Role.OWNER)
    removed = trash.empty_of(team)
    messages.success(request, f"The files of {count_noun(removed, 'deleted item')} were removed. Their costs stay.")
    return redirect("team_storage", pk)
