"""One style for many scenes: seen before it is done, done in one go, taken back with one click."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.htmx import HtmxHttpRequest
from core.plurals import counted
from generation.models import shown_take
from projects import storyboard
from projects.loaders import load_project
from projects.models import Project
from projects.undo import remember
from storyboard.forms.style import StyleForm, planned
from storyboard.loaders import live_scenes
from storyboard.views.undo import offer_to_take_back
from teams.access import signed_in
from teams.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
def project_style(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """With `preview` among what is posted nothing is written, and the answer says what would be."""
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
            return apply(request, project, [scene.pk for scene in chosen], form.values, only_empty)
        changes = planned(chosen, form.values, only_empty=only_empty)
        context |= {"changes": changes, "stale": sum(change.stale for change in changes)}
        context["unchanged"] = len(chosen) - len(changes)
    if is_preview and request.htmx:
        return render(request, "storyboard/_style_plan.html", context)
    return render(request, "storyboard/project_style.html", context, status=422 if form.errors else 200)


def apply(
    request: HtmxHttpRequest, project: Project, ids: list[int], values: dict[str, str], only_empty: bool
) -> HttpResponse:
    with transaction.atomic():
        written = storyboard.apply_style(project.pk, ids, values, only_empty=only_empty)
        scenes = counted(len({one.scene for one in written}), "scene")
        act = remember(project, signed_in(request), what=f"the style of {scenes}", written=written)
    if act:
        offer_to_take_back(request, f"The style is set in {scenes}.", act)
    else:
        messages.success(request, "Nothing changed: these scenes say so already.")
    return redirect("storyboard", project.pk)
