"""The models of a project: choose one, compare them, and replace one that is unavailable."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from generation.connections import roster_for
from generation.quoting import model_comparison
from generation.quoting.eligibility import is_available
from projects.loaders import load_project
from storyboard import bulk
from storyboard.loaders import live_scenes
from storyboard.navigation import redirect_to_view
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


@require_POST
def project_model(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Scenes that choose a model themselves keep it.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    model = roster_for(project.team_id).models.get(request.POST.get("model", ""))
    if model is None or model.kind != "video":
        messages.error(request, "That model is not available here. Choose one from the list.")
        return redirect_to_view(request, pk)
    change = bulk.set_project_model(project, model, current_user(request))
    offer_entry_undo(request, change.text, change.entry)
    return redirect_to_view(request, pk)


@require_safe
def compare_models(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, role = load_project(request, pk)
    scenes = live_scenes(project)
    context = {"project": project, "scenes": scenes, "can_edit": role.includes(Role.EDITOR)}
    roster = roster_for(project.team_id)
    context["comparison"] = model_comparison.compare(project, scenes, roster)
    context["unavailable_models"] = model_comparison.find_unavailable_models(project, scenes, roster)
    return render(request, "storyboard/model_comparison.html", context)


@require_POST
def model_switch(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Replace the model of scenes whose model is unavailable. Starts nothing and costs nothing.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    roster = roster_for(project.team_id)
    old, model = request.POST.get("from", ""), roster.models.get(request.POST.get("to", ""))
    if model is None or model.kind != "video" or not is_available(model, roster):
        messages.error(request, "That model is not available here. Choose another under Compare models.")
        return redirect_to_view(request, pk)
    change = bulk.replace_model(project, old, model, current_user(request))
    offer_entry_undo(request, change.text, change.entry)
    if change.entry is None:
        messages.info(request, "No scene uses that model any more.")
    return redirect_to_view(request, pk)
