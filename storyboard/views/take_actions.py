"""Annotates, deletes and restores takes."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.plurals import count_noun
from core.undo_message import offer_undo
from generation.connections import roster_for
from generation.loaders import load_take
from generation.models import Generation, shown_take
from generation.providers.base import ProviderError
from generation.takes import actions, remote_clips
from projects.loaders import load_project
from projects.models import Scene
from projects.scene_edits import MAX_SCENES
from storyboard.live import FRAGMENTS, Page
from storyboard.loaders import load_scene
from storyboard.responses import PLAYER, TAKES, render_refusal, render_scene_parts
from storyboard.scene_page import takes_context
from teams.access import current_user, parse_id
from teams.models import Role


@require_safe
def take_strip(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The scene's takes, for a page that skipped a live update while the person was typing a note.
    scene, role = load_scene(request, pk)
    context = takes_context(scene, roster_for(scene.project.team_id)) | {"can_edit": role.includes(Role.EDITOR)}
    return render(request, FRAGMENTS[Page.SCENE], context)


@require_POST
def take_note(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    try:
        actions.annotate(take, request.POST.get("note", ""))
    except ValidationError as error:
        return render_refusal(request, take.scene, error, Page.SCENE)
    return render_scene_parts(request, take.scene, TAKES)


@require_POST
def take_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    try:
        was_selected = actions.delete(take, current_user(request))
    except ValidationError as error:
        return render_refusal(request, take.scene, error, Page.SCENE)
    url = reverse("take_restore", args=[pk]) + ("?selected" if was_selected else "")
    offer_undo(request, f"Take {take.number} deleted. Its cost stays in Costs.", url)
    return render_scene_parts(request, take.scene, TAKES, PLAYER)


def take_pair(scene: Scene, take: Generation) -> str:
    # The take to select and the one it replaces, as 12:9.
    shown = shown_take(scene)
    return f"{take.pk}:{shown.pk if shown else 0}"


@require_POST
def takes_select(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Select each take of a `pair` in place of the other; Undo posts the pairs turned round.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    texts = [pair.partition(":") for pair in request.GET.getlist("pair")[:MAX_SCENES]]
    pairs = [(int(take), int(old)) for take, _, old in texts if parse_id(take) and parse_id(old)]
    changed = actions.select_instead(project, pairs, current_user(request))
    if changed:
        undo = urlencode({"pair": [f"{old}:{take}" for take, old in changed]}, doseq=True)
        offer_undo(request, f"{count_noun(len(changed), 'take')} selected.", f"{request.path}?{undo}")
    else:
        messages.info(request, "Nothing was selected: these scenes have changed.")
    return redirect("storyboard", pk)


@require_POST
def take_remote_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    try:
        remote_clips.delete(take, current_user(request))
    except ValidationError as error:
        return render_refusal(request, take.scene, error, Page.SCENE)
    except ProviderError as error:
        return render_refusal(request, take.scene, ValidationError(f"Not deleted: {error.message}"), Page.SCENE)
    messages.success(request, f"The provider's clip of take {take.number} was deleted. The take stays here.")
    return render_scene_parts(request, take.scene, TAKES)


@require_POST
def take_restore(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR, deleted_too=True)
    try:
        actions.restore(take, current_user(request), selected="selected" in request.GET)
    except ValidationError as error:
        messages.error(request, error.message)
    return redirect("scene_page", take.scene_id)
