"""Starting, stopping and choosing takes."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from generation import pipeline
from generation.live import Page, render_fragments
from generation.loaders import load_take
from generation.models import Generation
from generation.states import ACTIVE
from projects.loaders import load_project, load_scene
from projects.models import Scene
from teams.access import editable_teams, signed_in
from teams.models import Role


def back_to(request: HttpRequest, scene: Scene) -> HttpResponse:
    """The scene as it is now: in place for HTMX, as the page the button was on for a plain form."""
    page = Page.SCENE if request.GET.get("from") == Page.SCENE else Page.STORYBOARD
    if request.headers.get("HX-Request"):
        return HttpResponse(render_fragments([scene.pk], page=page, can_edit=True))
    if page == Page.SCENE:
        return redirect("scene_page", scene.pk)
    return redirect(f"{reverse('storyboard', args=[scene.project_id])}#scene-{scene.pk}")


@require_POST
def generate(request: HttpRequest, pk: int) -> HttpResponse:
    """Start the take whose number stood on the button."""
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        number = int(request.POST.get("take", ""))
    except ValueError:
        return HttpResponseBadRequest("Which take to make is not known. Reload the page, then try again.")
    try:
        pipeline.enqueue(scene, number=number, member=signed_in(request), expected=request.POST.get("price"))
    except ValidationError as error:
        if request.headers.get("HX-Request"):
            return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
        messages.error(request, " ".join(error.messages))
    return back_to(request, scene)


@require_POST
def generate_missing(request: HttpRequest, pk: int) -> HttpResponse:
    """Start what the button said, for the price it said; where that has changed since, say so instead."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    now = pipeline.missing_of(Scene.objects.live().for_cards().filter(project=project))
    if now.count and request.POST.get("expected") != str(now):
        messages.error(request, f"It would be {now} by now. Nothing was started; press again if that is what you want.")
        return redirect("storyboard", pk)
    try:
        takes = pipeline.enqueue_missing(project, member=signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if not takes:
            messages.info(request, "Every scene has a take already, or one under way.")
    return redirect("storyboard", pk)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Also of a take whose scene or project was deleted while it was under way."""
    take, _ = load_take(request, pk, at_least=Role.EDITOR, deleted_too=True)
    pipeline.cancel(take)
    scene = take.scene
    if scene.deleted_at or scene.project.deleted_at or request.GET.get("from") == "queue":
        return redirect("queue")
    return back_to(request, scene)


@require_POST
def select(request: HttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    if not take.is_done:
        return HttpResponseBadRequest("Only a finished take can be selected.")
    Scene.objects.filter(pk=take.scene_id).update(selected_take=take, changed_at=Now())
    return back_to(request, take.scene)


@require_safe
def player(request: HttpRequest, pk: int) -> HttpResponse:
    """The large player of a scene, with the take asked for, else the one people would expect."""
    scene, role = load_scene(request, pk)
    context = {"scene": scene, "project": scene.project, "can_edit": role.includes(Role.EDITOR)}
    return render(request, "generation/_player.html", context)


@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """What runs, what waits, and what did not work, over all teams of the person."""
    mine = Generation.objects.filter(scene__project__team__memberships__user=signed_in(request)).select_related(
        "scene__project__team", "created_by"
    )
    context = {
        "active": mine.active().order_by("created_at", "pk")[:200],
        "ended": mine.exclude(status__in=ACTIVE)
        .filter(scene__deleted_at=None, scene__project__deleted_at=None)
        .order_by("-finished_at")[:50],
        "editable": editable_teams(signed_in(request)),
    }
    return render(request, "generation/queue.html", context)
