"""Which model makes the takes of a project: chosen, compared, and replaced where it is gone."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.plurals import counted
from generation.catalogue import Model
from generation.connections import roster_for
from generation.quoting import model_comparison
from generation.quoting.eligibility import why_not
from projects import storyboard
from projects.loaders import load_project
from projects.models import Project, Scene
from projects.storyboard import Written
from projects.undo import remember
from storyboard.navigation import back_to_view
from storyboard.views.undo import offer_to_take_back
from teams.access import signed_in
from teams.models import Role


@require_POST
def project_model(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Scenes with a model of their own keep it."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    model = roster_for(project.team_id).models.get(request.POST.get("model", ""))
    if model is None or model.kind != "video":
        messages.error(request, "There is no such model here. Choose one of the list.")
        return back_to_view(request, pk)
    with transaction.atomic():
        written = storyboard.write(pk, {}, of_project={"model_id": model.id})
        tell(request, project, model, written)
    return back_to_view(request, pk)


@require_safe
def compare_models(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, role = load_project(request, pk)
    scenes = list(Scene.objects.for_cards().filter(project=project, deleted_at=None))
    context = {"project": project, "scenes": scenes, "can_edit": role.includes(Role.EDITOR)}
    context["offers"] = model_comparison.compare(project, scenes, roster_for(project.team_id))
    return render(request, "storyboard/model_comparison.html", context)


@require_POST
def model_switch(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Give the scenes whose model is gone another one. Costs nothing: what they cost is asked when they are generated."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    roster = roster_for(project.team_id)
    old, model = request.POST.get("from", ""), roster.models.get(request.POST.get("to", ""))
    if model is None or model.kind != "video" or why_not(model, roster):
        messages.error(request, "That model cannot be had here. Choose another under Compare models.")
        return back_to_view(request, pk)
    with transaction.atomic():
        written = storyboard.switch_model(pk, old, model.id)
        tell(request, project, model, written)
    if not written:
        messages.info(request, "No scene is set to that model any more.")
    return back_to_view(request, pk)


def tell(request: HtmxHttpRequest, project: Project, model: Model, written: Sequence[Written]) -> None:
    """What was given the model: in the log, and to the person beside a button that takes it back."""
    of_project = any(one.scene is None for one in written)
    scenes = counted(len(written) - of_project, "scene")
    whose = [*["the project"] * of_project, *[scenes] * (len(written) > of_project)]
    what = f"the model of {' and '.join(whose)} to {model.id}"
    said = f"New takes are made with {model.name}." if of_project else f"{scenes} will be made with {model.name}."
    offer_to_take_back(request, said, remember(project, signed_in(request), what=what, written=written))
