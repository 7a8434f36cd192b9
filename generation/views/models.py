"""Which model makes the takes of a project: chosen, compared, and replaced where it is gone."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import messages
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from generation import comparison, connections
from generation.obstacles import why_not
from projects import storyboard
from projects.loaders import load_project
from projects.models import Project, Scene
from projects.storyboard import Switched
from projects.views.places import back_to_view
from projects.views.undo import offer_undo
from teams.access import signed_in
from teams.models import Role


@require_POST
def project_model(request: HttpRequest, pk: int) -> HttpResponse:
    """Scenes with a model of their own keep it."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    model = connections.all_models(project.team_id).get(request.POST.get("model", ""))
    if model is None or model.kind != "video":
        messages.error(request, "There is no such model here. Choose one of the list.")
    elif model.id != project.model_id:
        with transaction.atomic():
            Project.objects.filter(pk=pk).update(model_id=model.id)
            project.scenes.update(changed_at=Now())  # their prices
        messages.success(request, f"New takes are made with {model.name}.")
    return back_to_view(request, pk)


@require_safe
def model_comparison(request: HttpRequest, pk: int) -> HttpResponse:
    project, role = load_project(request, pk)
    scenes = list(Scene.objects.for_cards().filter(project=project, deleted_at=None))
    context = {"project": project, "scenes": scenes, "can_edit": role.includes(Role.EDITOR)}
    context["offers"] = comparison.compare(project, scenes)
    return render(request, "generation/model_comparison.html", context)


@require_POST
def model_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the scenes whose model is gone another one. Costs nothing: what they cost is asked when they are generated."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    old, model = request.POST.get("from", ""), connections.all_models(project.team_id).get(request.POST.get("to", ""))
    if model is None or model.kind != "video" or why_not(model, project.team_id):
        messages.error(request, "That model cannot be had here. Choose another under Compare models.")
        return back_to_view(request, pk)
    switched = storyboard.switch_model(pk, old, model.id, by=signed_in(request))
    if switched.of_project or switched.scenes:
        request.session[f"switched-{pk}"] = {"old": old, "new": model.id, **asdict(switched)}
        count = len(switched.scenes)
        scenes = f"{count} scene{'' if count == 1 else 's'} will be made with {model.name}."
        said = f"New takes are made with {model.name}." if switched.of_project else scenes
        offer_undo(request, said, reverse("model_switch_undo", args=[pk]))
    else:
        messages.info(request, "No scene is set to that model any more.")
    return back_to_view(request, pk)


@require_POST
def model_switch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What has been given yet another model since keeps it."""
    load_project(request, pk, at_least=Role.EDITOR)
    done = request.session.pop(f"switched-{pk}", None)
    if done is None:
        messages.info(request, "There is nothing to undo any more.")
    else:
        only = Switched(done["of_project"], done["scenes"])
        storyboard.switch_model(pk, done["new"], done["old"], only=only, by=signed_in(request))
        messages.success(request, "They have their former model again.")
    return back_to_view(request, pk)
