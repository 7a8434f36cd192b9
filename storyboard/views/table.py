"""The storyboard as a table: cells, pastes, and changes to many scenes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from core.htmx import HtmxHttpRequest
from generation.connections import Roster, roster_for
from generation.models import latest_take
from generation.quoting.quotes import model_names, model_options, quote_scene
from projects.loaders import load_project
from projects.models import Scene
from storyboard import bulk
from storyboard.board import storyboard_context
from storyboard.cards import build_card, build_cell
from storyboard.filters import Key, SceneFilter
from storyboard.loaders import load_scene
from storyboard.navigation import redirect_to_view, render_view
from storyboard.table import COLUMNS, CellForm, cell_text
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


def _latest_status(scene: Scene) -> str:
    take = latest_take(scene)
    return take.status if take else ""


def _take_sort_keys(roster: Roster) -> dict[str, Key]:
    # By price, the most expensive scene comes last, followed by those that cannot be generated.

    def price(scene: Scene) -> Any:
        quote = quote_scene(scene, roster)
        return (0, quote.price) if quote and quote.is_possible else (1, 0)

    return {"take": _latest_status, "price": price}


@dataclass(frozen=True)
class Heading:
    column: str
    label: str
    #: "ascending" or "descending" if the table is sorted by this column, else empty.
    sorted: str
    #: The query string that sorts by this column.
    query: str


def build_headings(scene_filter: SceneFilter, form: CellForm) -> list[Heading]:
    named = [("number", "No."), *form.labels(), ("take", "Take"), ("price", "Next take")]
    direction = "descending" if scene_filter.sort.startswith("-") else "ascending"
    sorted_by = scene_filter.sort.removeprefix("-")
    return [
        Heading(name, label, direction if name == sorted_by else "", scene_filter.sorted_by(name).query)
        for name, label in named
    ]


@require_safe
def table(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    context = storyboard_context(request, pk, _take_sort_keys)
    blank = Scene(project=context["project"])
    editors = CellForm(instance=blank, columns=COLUMNS, models=model_options(context["roster"]))
    context |= {"editors": editors, "headings": build_headings(context["scene_filter"], editors)}
    return render_view(request, "table", context)


@require_safe
def row(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    scene, role = load_scene(request, pk)
    context = {"card": build_card(scene, roster_for(scene.project.team_id)), "can_edit": role.includes(Role.EDITOR)}
    return render(request, "storyboard/_table_row.html", context)


@require_POST
def cell(request: HtmxHttpRequest, pk: int, column: str) -> HttpResponse:
    # Save one field. `was` is the value the person saw: if it has changed since, saving is refused once.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    if column not in COLUMNS:
        raise Http404
    was, current = request.POST.get("was"), cell_text(scene, column)
    roster = roster_for(scene.project.team_id)
    models = model_names(roster)
    form = CellForm({column: request.POST.get("value", "")}, instance=scene, columns=[column], models=models)
    if form.is_valid() and was is not None and was.strip() != current.strip() and form.has_changed():
        form.add_error(column, f"Another member changed this to “{current}”. Save again to replace it.")
    if form.is_valid():
        if form.has_changed():
            form.save_changes()
        return render(
            request, "storyboard/_table_cell.html", {"cell": build_cell(scene, column, roster), "can_edit": True}
        )
    context = {"field": form[column], "column": column, "value": current}
    return render(request, "storyboard/_table_cell_refused.html", context, status=422)


@require_POST
def paste(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Write the pasted rows over the scenes `rows` (ids in the page's order); extra rows become new scenes at the end.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        ids = bulk.parse_ids(request.POST.get("rows", "").split())
        text, column = request.POST.get("text", ""), request.POST.get("column", COLUMNS[0])
        change = bulk.paste(project, ids, text, column, current_user(request))
    except ValidationError as error:
        if request.htmx:
            return HttpResponse(" ".join(error.messages), status=422, content_type="text/plain; charset=utf-8")
        messages.error(request, " ".join(error.messages))
        return redirect_to_view(request, pk)
    offer_entry_undo(request, change.text, change.entry)
    return redirect_to_view(request, pk)


# -- Many scenes at once -----------------------------------------------------------------------------------------------


@require_POST
def scenes_bulk(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # `act` is the action: delete, move, duration, model_id or generate.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    try:
        ids = bulk.parse_ids(request.POST.getlist("scene"))
        if not ids:
            raise ValidationError("Select at least one scene first.")
        action = request.POST.get("act", "")
        if action == "generate":
            page = f"{reverse('project_generate', args=[pk])}?{urlencode({'scene': ids}, doseq=True)}"
            return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
        change = bulk.change_scenes(project, ids, action, request.POST.dict(), current_user(request))
        offer_entry_undo(request, change.text, change.entry)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_view(request, pk)
