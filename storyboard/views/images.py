"""Generates frames and references, and shows their progress on the page."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from core.htmx import HtmxHttpRequest
from generation import pipeline
from generation.billing.budget import NeedsConfirmation
from generation.connections import roster_for
from generation.prompting import render_frame
from generation.quoting.image_quotes import image_models
from projects.loaders import load_project
from projects.models import Project, Reference, Scene
from storyboard.forms.image import ImageRequestForm
from storyboard.image_progress import list_image_progress, progress_token
from storyboard.loaders import load_scene
from storyboard.navigation import redirect_to_pictures
from storyboard.scene_page import pictures_context
from storyboard.views.confirmation import is_confirmed, render_confirmation
from teams.access import current_user
from teams.models import Role


@require_http_methods(["GET", "HEAD", "POST"])
def scene_picture_make(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    return handle_image_request(request, scene.project, scene)


@require_http_methods(["GET", "HEAD", "POST"])
def project_picture_make(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    return handle_image_request(request, project, None)


def handle_image_request(request: HtmxHttpRequest, project: Project, scene: Scene | None) -> HttpResponse:
    # Show or send the form. When model or options change, HTMX fetches it again with their options and price.
    form = build_image_form(request, project, scene)
    if request.method == "POST" and form.is_valid():
        try:
            enqueue_images(request, form, project, scene)
            return redirect_to_pictures(project.pk, scene.pk if scene else None)
        except NeedsConfirmation as question:
            return render_confirmation(request, project, question)
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "project": project, "scene": scene}
    template = "storyboard/_picture_request.html" if request.htmx else "storyboard/picture_request.html"
    return render(request, template, context, status=422 if request.method == "POST" else 200)


def build_image_form(request: HtmxHttpRequest, project: Project, scene: Scene | None) -> ImageRequestForm:
    values = request.POST if request.method == "POST" else request.GET
    roster = roster_for(project.team_id)
    return ImageRequestForm(
        values if "model" in values else None,
        initial={"role": values.get("role") or "reference", "prompt": render_frame(scene) if scene else ""},
        project=project,
        scene=scene,
        models=image_models(roster),
        roster=roster,
    )


def enqueue_images(request: HtmxHttpRequest, form: ImageRequestForm, project: Project, scene: Scene | None) -> None:
    """Start the job of a valid form. Raises NeedsConfirmation, ValidationError."""
    values = form.cleaned_data
    pipeline.enqueue_images(
        project,
        scene,
        Reference.Role(values["role"]),
        form.chosen_model,
        form.request(),
        member=current_user(request),
        inputs=tuple(values["images"]),
        expected=request.GET.get("price"),
        confirmed=is_confirmed(request),
        click=values["click"],
        kind=values["kind"],
        label=values["label"],
    )


@require_safe
def pictures_panel(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The scene's pictures, or 204 while its image jobs are still as the page has `seen` them.
    scene, role = load_scene(request, pk)
    if request.GET.get("seen") == progress_token(list_image_progress(scene)):
        return HttpResponse(status=204)
    context = {"scene": scene, "project": scene.project, "can_edit": role.includes(Role.EDITOR)}
    return render(
        request, "storyboard/_pictures.html", context | pictures_context(scene, roster_for(scene.project.team_id))
    )
