"""Template context shared by all views of a storyboard: board, table, animatic and print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from core.htmx import HtmxHttpRequest
from core.money import money
from generation import catalogue
from generation.billing import budget
from generation.connections import Roster, roster_for
from generation.models import selected_take, shown_take
from generation.providers.description import Kind
from generation.quoting import batches, eligibility, model_comparison, quotes
from generation.takes import frame_chaining
from projects.loaders import load_project
from projects.models import Project, Scene
from storyboard.cards import build_card
from storyboard.filters import FindRoster, Key, SceneFilter
from storyboard.live import stream_cursor
from storyboard.loaders import live_scenes
from teams.models import Role


@dataclass(frozen=True)
class ModelChoice:
    model: catalogue.Model
    #: Price per second at the project's resolution; empty if unknown.
    price: str
    is_chosen: bool
    mark: str


@dataclass(frozen=True)
class Segment:
    """One scene on the timeline; `start` and `width` are thousandths of the timeline's length."""

    scene: Scene
    start: int
    width: int
    has_clip: bool


def scenes_context(request: HtmxHttpRequest, pk: int) -> dict[str, Any]:
    # All scenes, and those that the page's query asks for, in its order.
    project, role = load_project(request, pk)
    return _scenes_context(request, project, role, cache(lambda: roster_for(project.team_id)), {})


def _scenes_context(
    request: HtmxHttpRequest, project: Project, role: Role, find_roster: FindRoster, sort_keys: Mapping[str, Key]
) -> dict[str, Any]:
    scenes = live_scenes(project)
    scene_filter = SceneFilter.from_query(request.GET)
    shown = scene_filter.apply(scenes, find_roster, sort_keys)
    return {
        "project": project,
        "can_edit": role.includes(Role.EDITOR),
        "scenes": scenes,
        "scene_filter": scene_filter,
        "shown": shown,
    }


def storyboard_context(
    request: HtmxHttpRequest, pk: int, sort_keys: Callable[[Roster], Mapping[str, Key]] = lambda roster: {}
) -> dict[str, Any]:
    """`scenes_context` plus toolbar, timeline, filters, and the cursor where the page's event stream starts.

    `sort_keys` adds columns to sort by.
    """
    project, role = load_project(request, pk)
    roster = roster_for(project.team_id)
    context = _scenes_context(request, project, role, lambda: roster, sort_keys(roster))
    scenes = context["scenes"]
    hidden = {scene.pk for scene in scenes} - {scene.pk for scene in context["shown"]}
    context |= {
        "roster": roster,
        "cards": [build_card(scene, roster) for scene in context["shown"]],
        "hidden": " ".join(map(str, hidden)),
        "segments": build_timeline(scenes),
        "cursor": stream_cursor(scenes),
        "selected_count": sum(selected_take(scene) is not None for scene in scenes),
        "unavailable_models": model_comparison.find_unavailable_models(project, scenes, roster),
        "filter_models": list_filter_models(scenes, context["scene_filter"], roster),
    }
    return context | (editing_context(project, scenes, roster) if context["can_edit"] else {})


def editing_context(project: Project, scenes: Sequence[Scene], roster: Roster) -> dict[str, Any]:
    # What only editors see: the buttons that spend money, and the choice of models.
    has_hosted = any(connection.about.kind == Kind.REMOTE for connection in roster.connections)
    return {
        "missing": batches.plan_missing(scenes, roster),
        "chainable": sum(1 for _ in frame_chaining.find_chainable(scenes)),
        "model_choices": list_model_choices(project, roster),
        "model_options": quotes.model_options(roster),
        "has_hosted_models": has_hosted,
        "budget_warning": budget.budget_warning(project),
    }


def list_model_choices(project: Project, roster: Roster) -> list[ModelChoice]:
    # The video models that the project can use now, and the one it is set to even if that is unavailable.
    choices = []
    for model in roster.models.values():
        is_chosen = model.id == project.model_id
        if model.kind == "video" and (is_chosen or eligibility.is_available(model, roster)):
            amount = model.price_per_second.get(project.resolution)
            price = f"{money(amount)} per second" if amount is not None else ""
            choices.append(ModelChoice(model, price, is_chosen, roster.mark(model)))
    return choices


def list_filter_models(scenes: Iterable[Scene], scene_filter: SceneFilter, roster: Roster) -> list[tuple[str, str]]:
    # Ids and names of the models that scenes use, and of the one the filter asks for, by name.
    used = {scene.chosen_model_id for scene in scenes} | ({scene_filter.model} if scene_filter.model else set())
    named = [(model_id, roster.model_name(model_id)) for model_id in used]
    return sorted(named, key=lambda model: model[1].casefold())


def build_timeline(scenes: Sequence[Scene]) -> list[Segment]:
    total = sum((scene.duration for scene in scenes), Decimal(0))
    segments, elapsed = [], Decimal(0)
    for scene in scenes:
        start = round(elapsed / total * 1000)
        elapsed += scene.duration
        width = max(1, round(elapsed / total * 1000) - start - 2)
        segments.append(Segment(scene, start, width, has_clip=shown_take(scene) is not None))
    return segments
