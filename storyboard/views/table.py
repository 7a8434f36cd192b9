"""The storyboard as a table: its cells, what is pasted into it, and what is done to many scenes at once."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from core.htmx import HtmxHttpRequest
from core.plurals import counted
from generation.quoting.quotes import chosen_offer, model_options, models_at_hand
from projects import storyboard
from projects.loaders import load_project, load_scene
from projects.models import Project, Scene
from projects.undo import remember
from storyboard.filters import Key
from storyboard.navigation import back_to_view, render_view, storyboard_context
from storyboard.table import COLUMNS, CellForm, raw, read_paste
from storyboard.views.undo import offer_to_take_back
from teams.access import as_id, signed_in
from teams.models import Role, User


def _price(scene: Scene) -> Any:
    """The dearest last when sorted, behind them what cannot be made."""
    offered = chosen_offer(scene)
    return (0, offered.price) if offered and offered.is_possible else (1, 0)


def _state(scene: Scene) -> str:
    return scene.latest_take.status if scene.latest_take else ""


SORTED_BY_TAKES: dict[str, Key] = {"take": _state, "price": _price}


@require_safe
def table(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    context = storyboard_context(request, pk, SORTED_BY_TAKES)
    blank = Scene(project=context["project"])
    context["editors"] = CellForm(instance=blank, columns=COLUMNS, models=model_options(context["project"].team_id))
    return render_view(request, "table", context)


@require_safe
def row(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, role = load_scene(request, pk)
    return render(request, "storyboard/_table_row.html", {"scene": scene, "can_edit": role.includes(Role.EDITOR)})


@require_POST
def cell(request: HtmxHttpRequest, pk: int, column: str) -> HttpResponse:
    """Save one field. `was` is what the person saw: where somebody else has changed it since, both are shown first."""
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    if column not in COLUMNS:
        raise Http404
    was, now = request.POST.get("was"), raw(scene, column)
    models = models_at_hand(scene.project.team_id)
    form = CellForm({column: request.POST.get("value", "")}, instance=scene, columns=[column], models=models)
    if form.is_valid() and was is not None and was.strip() != now.strip() and form.has_changed():
        form.add_error(column, f"Somebody has changed this to “{now}” meanwhile. Save again to replace that.")
    if form.is_valid():
        if form.has_changed():
            form.save_changes()
        return render(request, "storyboard/_table_cell.html", {"scene": scene, "column": column, "can_edit": True})
    context = {"field": form[column], "column": column, "value": now}
    return render(request, "storyboard/_table_cell_refused.html", context, status=422)


@require_POST
def paste(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Lay rows over the scenes `rows` (ids as the page showed them), or add them at the end where there are none."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        scenes = _in_order(project, request.POST.get("rows", "").split())
        text, column = request.POST.get("text", ""), request.POST.get("column", COLUMNS[0])
        pasted = read_paste(project, scenes, text, column=column, models=models_at_hand(project.team_id))
        with transaction.atomic():
            written = storyboard.write(pk, pasted.values)
            added = storyboard.add_many(pk, pasted.new)
            act = remember(project, signed_in(request), written=written, added=added)
    except ValidationError as error:
        if request.htmx:
            return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
        messages.error(request, " ".join(error.messages))
        return back_to_view(request, pk)
    offer_to_take_back(request, _pasted(len({one.scene for one in written}), len(added)), act)
    return back_to_view(request, pk)


def _in_order(project: Project, ids: list[str]) -> list[Scene]:
    scenes = Scene.objects.for_cards().filter(project=project, deleted_at=None).in_bulk(wanted := _ids(ids))
    if len(scenes) < len(set(wanted)):
        raise ValidationError("One of these scenes has been deleted in the meantime. Nothing was pasted.")
    return [scenes[pk] for pk in dict.fromkeys(wanted)]


def _ids(texts: list[str]) -> list[int]:
    ids = [pk for text in texts if (pk := as_id(text))]
    if not len(ids) == len(texts) <= storyboard.MAX_SCENES:
        raise ValidationError("Which scenes are meant is not known. Reload the page, then try again.")
    return ids


def _pasted(changed: int, added: int) -> str:
    done = [f"{counted(changed, 'scene')} changed"] if changed or not added else []
    done += [f"{counted(added, 'scene')} added"] if added else []
    return f"Pasted: {', '.join(done)}."


# -- Many scenes at once -----------------------------------------------------------------------------------------------


@require_POST
def scenes_bulk(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """`act` is what to do to the scenes that are selected."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        ids = _ids(request.POST.getlist("scene"))
        if not ids:
            raise ValidationError("No scene is selected. Tick the box beside its number first.")
        if request.POST.get("act") == "generate":
            page = f"{reverse('project_generate', args=[pk])}?{urlencode({'scene': ids}, doseq=True)}"
            return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
        with transaction.atomic():
            text, changes = _do(project, ids, request.POST, signed_in(request))
            act = remember(project, signed_in(request), **changes)
        offer_to_take_back(request, text, act)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return back_to_view(request, pk)


def _do(project: Project, ids: list[int], asked: QueryDict, by: User) -> tuple[str, dict[str, Any]]:
    match asked.get("act"):
        case "delete":
            deleted = storyboard.delete_many(project.pk, ids, by)
            return f"{counted(len(deleted), 'scene')} deleted.", {"deleted": deleted}
        case "move":
            moved = storyboard.move_many(project.pk, ids, after=_behind(project, asked.get("behind", "")))
            return f"{counted(len(moved), 'scene')} moved.", {"moved": moved}
        case "duration" | "model_id" as column:
            written = storyboard.write(project.pk, dict.fromkeys(ids, _value(project, column, asked.get(column, ""))))
            return f"{counted(len(written), 'scene')} changed.", {"written": written}
    raise ValidationError("What to do with the scenes is not known. Reload the page, then try again.")


def _behind(project: Project, number: str) -> int | None:
    """The id of the scene with that number; None for 0 or nothing, which is the start."""
    if number.strip() in {"", "0"}:
        return None
    if position := as_id(number.strip()):
        scenes = project.scenes.filter(deleted_at=None, position=position)
        if found := scenes.values_list("pk", flat=True).first():
            return found
    raise ValidationError(f"There is no scene “{number}”. Give the number of the scene they shall follow, 0 for none.")


def _value(project: Project, column: str, text: str) -> dict[str, Any]:
    form = CellForm(
        {column: text}, instance=Scene(project=project), columns=[column], models=models_at_hand(project.team_id)
    )
    if not form.is_valid():
        raise ValidationError([str(error) for errors in form.errors.values() for error in errors])
    return {column: form.cleaned_data[column]}
