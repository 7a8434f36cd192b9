"""Answers to the buttons of board and scene page: the changed parts of the page, or the reason for a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse

from core.htmx import HtmxHttpRequest
from generation.connections import Roster, roster_for
from generation.models import with_takes
from projects.models import Scene
from storyboard.live import FRAGMENTS, Page, render_fragments
from storyboard.scene_page import pictures_context, player_context, takes_context

TAKES = FRAGMENTS[Page.SCENE]
PLAYER = "storyboard/_player.html"
PICTURES = "storyboard/_pictures.html"

CONTEXTS: dict[str, Callable[[Scene, Roster], dict[str, Any]]] = {
    TAKES: takes_context,
    PLAYER: lambda scene, roster: player_context(scene, can_edit=True),
    PICTURES: pictures_context,
}


def render_scene(request: HtmxHttpRequest, scene: Scene, page: Page | None = None) -> HttpResponse:
    # For HTMX the scene's fragment; for a plain form a redirect to the page the button was on.
    origin = request.GET.get("from")
    page = page or (Page(origin) if origin in {Page.SCENE, Page.TABLE} else Page.STORYBOARD)
    if request.htmx:
        return HttpResponse(render_fragments([scene.pk], page=page, can_edit=True))
    if page == Page.SCENE:
        return redirect("scene_page", scene.pk)
    return redirect(f"{reverse(page.value, args=[scene.project_id])}#scene-{scene.pk}")


def render_scene_parts(request: HtmxHttpRequest, scene: Scene, *fragments: str) -> HttpResponse:
    # For HTMX these fragments of the scene's page and its messages; for a plain form a redirect to the page.
    if not request.htmx:
        return redirect("scene_page", scene.pk)
    current = with_takes(Scene.objects.all()).get(pk=scene.pk)
    context = {"scene": current, "project": current.project, "can_edit": True, "oob": True}
    roster = roster_for(current.project.team_id)
    html = [render_to_string(part, context | CONTEXTS[part](current, roster), request) for part in fragments]
    return HttpResponse("".join([*html, render_to_string("storyboard/_toasts.html", context, request)]))


def render_refusal(
    request: HtmxHttpRequest, scene: Scene, error: ValidationError, page: Page | None = None
) -> HttpResponse:
    # For HTMX 422 with the reason as text; for a plain form a message on the next page.
    reason = " ".join(error.messages)
    if request.htmx:
        return HttpResponse(reason, status=422, content_type="text/plain; charset=utf-8")
    messages.error(request, reason)
    return render_scene(request, scene, page)
