"""One style for many scenes: seen before it is done, done in one go, taken back with one click."""

from __future__ import annotations

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from projects import storyboard
from projects.loaders import load_project
from projects.models import Project, Scene
from projects.style import StyleForm, planned
from projects.views.undo import offer_undo
from teams.access import signed_in
from teams.models import Role

SALT = "projects.style"
UNDO_SECONDS = 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def project_style(request: HttpRequest, pk: int) -> HttpResponse:
    """With `preview` among what is posted nothing is written, and the answer says what would be."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    scenes = list(Scene.objects.for_cards().filter(project=project, deleted_at=None))
    form = StyleForm(request.POST or None, project=project, scenes=scenes)
    is_preview = "preview" in request.POST
    context = {"project": project, "scenes": scenes, "form": form}
    if form.is_valid():
        chosen = [scene for scene in scenes if scene.pk in form.cleaned_data["scenes"]]
        only_empty = form.cleaned_data["only_empty"]
        if not is_preview:
            return apply(request, project, [scene.pk for scene in chosen], form.values, only_empty)
        changes = planned(chosen, form.values, only_empty=only_empty)
        context |= {"changes": changes, "stale": sum(change.stale for change in changes)}
        context["unchanged"] = len(chosen) - len(changes)
    if is_preview and request.headers.get("HX-Request"):
        return render(request, "projects/_style_plan.html", context)
    return render(request, "projects/project_style.html", context, status=422 if form.errors else 200)


def apply(
    request: HttpRequest, project: Project, ids: list[int], values: dict[str, str], only_empty: bool
) -> HttpResponse:
    steps = storyboard.apply_style(project, ids, values, only_empty=only_empty, by=signed_in(request))
    count = len({pk for *_, pks in steps for pk in pks})
    if steps:
        done = signing.dumps({"project": project.pk, "steps": steps}, salt=SALT, compress=True)
        text = f"The style is set in {count} scene{pluralize(count)}."
        offer_undo(request, text, reverse("project_style_undo", args=[project.pk]), done=done)
    else:
        messages.success(request, "Nothing changed: these scenes say so already.")
    return redirect("storyboard", project.pk)


@require_POST
def project_style_undo(request: HttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        done = signing.loads(request.POST.get("done", ""), salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        done = {}
    if done.get("project") != pk:
        messages.error(request, "This can no longer be undone. Nothing was changed.")
        return redirect("storyboard", pk)
    restored, kept = storyboard.undo_style(project, done["steps"], signed_in(request))
    text = f"The style is undone in {restored} scene{pluralize(restored)}."
    if kept:
        text += f" {kept} changed since {pluralize(kept, 'stays as it is,stay as they are')}."
    messages.success(request, text)
    return redirect("storyboard", pk)
