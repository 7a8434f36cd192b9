"""Creates, edits, moves and deletes scenes.

Plain form posts redirect to the page they came from; HTMX follows the same redirect.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.numbers import MAX_ID, read_integer
from core.once import create_once
from core.undo_message import offer_undo
from generation.connections import roster_for
from projects import scene_edits
from projects.loaders import load_project
from projects.models import Scene
from projects.undo import record_change
from storyboard.cards import build_card
from storyboard.forms.scene import CardForm, SceneForm
from storyboard.loaders import load_scene
from storyboard.navigation import find_origin, redirect_to_view
from storyboard.scene_page import page_context, quotes_context
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


def parse_number(text: str | None) -> int | None:
    """None for an empty field. Raises ValueError for anything that is not a number."""
    return read_integer(text, least=-MAX_ID, most=MAX_ID) if text else None


@require_http_methods(["GET", "HEAD", "POST"])
@create_once
def scene_create(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # `after` is the id of the scene to insert after; without it the new scene comes last.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        after = parse_number(request.POST.get("after") or request.GET.get("after"))
    except ValueError:
        return HttpResponseBadRequest("Unknown scene to insert after. Reload the page, then try again.")
    form = CardForm(request.POST or None, instance=Scene(project=project))
    if form.is_valid():
        try:
            scene = scene_edits.add(form.save(commit=False), after=after)
            return redirect_to_view(request, pk, at=scene.pk)
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "project": project, "after": after}
    return render(request, "storyboard/scene_new.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def scene_page(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    needed = Role.EDITOR if request.method == "POST" else Role.VIEWER
    scene, role = load_scene(request, pk, at_least=needed)
    return save_or_show(request, SceneForm(request.POST or None, instance=scene), role)


def save_or_show(request: HtmxHttpRequest, form: SceneForm, role: Role, *, message: str = "Saved.") -> HttpResponse:
    # Save the form and redirect, or show it with its errors on the scene's page.
    scene = form.instance
    if form.is_valid() and form.save_changes():
        if message:
            messages.success(request, message)
        return redirect("scene_page", scene.pk)
    if form.is_bound:
        # Validation wrote the refused values to the form's instance: the page around the form needs the stored ones.
        scene = load_scene(request, scene.pk)[0]
    context = page_context(scene, can_edit=role.includes(Role.EDITOR)) | {"form": form}
    return render(request, "storyboard/scene.html", context, status=422 if form.is_bound else 200)


@require_POST
def scene_autosave(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Save the valid, unconflicted fields while the person types. Returns errors, conflicts and prices for the page.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    form = SceneForm(request.POST, instance=scene)
    form.is_valid()
    form.save_changes(in_part=True)
    scene = load_scene(request, pk)[0]
    context = {"form": form, "scene": scene, "can_edit": True, "oob": True} | quotes_context(
        scene, roster_for(scene.project.team_id)
    )
    return render(request, "storyboard/_autosaved.html", context)


@require_safe
def scene_card(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, role = load_scene(request, pk)
    context = {"card": build_card(scene, roster_for(scene.project.team_id)), "can_edit": role.includes(Role.EDITOR)}
    return render(request, "storyboard/_scene_card.html", context)


@require_safe
def scene_menu(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The scene's actions: for HTMX the popover of board and table, otherwise a page.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    context = {"scene": scene, "project": scene.project, "on_board": find_origin(request)[0] == "storyboard"}
    template = "storyboard/_scene_menu.html" if request.htmx else "storyboard/scene_menu.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def scene_card_edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The card as a form: for HTMX in place of the card, otherwise a page.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    form = CardForm(request.POST or None, instance=scene)
    if form.is_valid() and form.save_changes():
        if request.htmx:
            return redirect("scene_card", pk)
        return redirect_to_view(request, scene.project_id, at=pk)
    context = {"form": form, "scene": scene, "project": scene.project}
    template = "storyboard/_scene_card_form.html" if request.htmx else "storyboard/scene_new.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
def scene_move(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Move `by` positions (negative is earlier), or after the scene with the id `after`; empty is the start.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        by, after = parse_number(request.POST.get("by")), parse_number(request.POST.get("after"))
    except ValueError:
        return HttpResponseBadRequest("Unknown position. Reload the page, then try again.")
    try:
        moved = scene_edits.move(scene, after=after) if by is None else scene_edits.move_by(scene, by)
        entry = record_change(scene.project, current_user(request), moved=moved)
        offer_entry_undo(request, f"“{scene.title}” moved.", entry)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_view(request, scene.project_id, at=pk)


@require_POST
def scene_duplicate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        pk = scene_edits.duplicate(scene).pk
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_view(request, scene.project_id, at=pk)


@require_POST
def scene_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    scene_edits.delete(scene, current_user(request))
    offer_undo(request, f"“{scene.title}” deleted.", reverse("scene_restore", args=[pk]))
    return redirect_to_view(request, scene.project_id)


@require_POST
def scene_restore(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR, deleted=True)
    try:
        scene_edits.restore(scene, current_user(request))
        messages.success(request, f"“{scene.title}” restored.")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_view(request, scene.project_id, at=pk)
