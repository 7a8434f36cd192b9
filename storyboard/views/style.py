"""Applies one style to many scenes: preview, one write, one undo."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.htmx import HtmxHttpRequest
from generation.connections import roster_for
from generation.models import shown_take
from projects.loaders import load_project
from storyboard import bulk
from storyboard.forms.style import StyleForm, plan_changes
from storyboard.loaders import live_scenes
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
def project_style(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # A POST with `preview` writes nothing and lists the changes.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    scenes = live_scenes(project)
    form = StyleForm(request.POST or None, project=project, scenes=scenes)
    is_preview = "preview" in request.POST
    thumbnails = [(scene, shown_take(scene)) for scene in scenes]
    context = {"project": project, "thumbnails": thumbnails, "form": form}
    if form.is_valid():
        chosen = [scene for scene in scenes if scene.pk in form.cleaned_data["scenes"]]
        only_empty = form.cleaned_data["only_empty"]
        if not is_preview:
            ids, member = [scene.pk for scene in chosen], current_user(request)
            change = bulk.apply_style(project, ids, form.values, only_empty=only_empty, member=member)
            if change.entry is None:
                messages.success(request, "No changes: these scenes already have this style.")
            offer_entry_undo(request, change.text, change.entry)
            return redirect("storyboard", pk)
        changes = plan_changes(chosen, form.values, roster_for(project.team_id), only_empty=only_empty)
        context |= {"changes": changes, "stale": sum(change.stale for change in changes)}
        context["unchanged"] = len(chosen) - len(changes)
    if is_preview and request.htmx:
        return render(request, "storyboard/_style_plan.html", context)
    return render(request, "storyboard/project_style.html", context, status=422 if form.errors else 200)
