"""Which model makes the takes of a project."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from generation import connections
from projects.loaders import load_project
from projects.models import Project
from projects.views.places import back_to_view
from teams.models import Role


@require_POST
def project_model(request: HttpRequest, pk: int) -> HttpResponse:
    """Scenes with a model of their own keep it."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    model = connections.all_models().get(request.POST.get("model", ""))
    if model is None or model.kind != "video":
        messages.error(request, "There is no such model here. Choose one of the list.")
    elif model.id != project.model_id:
        with transaction.atomic():
            Project.objects.filter(pk=pk).update(model_id=model.id)
            project.scenes.update(changed_at=Now())  # their prices
        messages.success(request, f"New takes are made with {model.name}.")
    return back_to_view(request, pk)
