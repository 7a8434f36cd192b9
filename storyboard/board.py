"""What every view of a storyboard shows: board, table, film view and print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.htmx import HtmxHttpRequest
from generation import catalogue, connections
from generation.billing import budget
from generation.catalogue.pricing import Price
from generation.connections.naming import model_name
from generation.models import selected_take, shown_take
from generation.providers.description import Kind
from generation.quoting import batches, eligibility, model_comparison, quotes
from generation.takes import frame_chaining
from projects.loaders import load_project
from projects.models import Project, Scene
from storyboard.cards import build_card
from storyboard.filters import Key, Sieve
from storyboard.live import cursor_of
from storyboard.loaders import live_scenes
from teams.models import Role


@dataclass(frozen=True)
class ModelChoice:
    model: catalogue.Model
    #: Of a second in the project's resolution; empty where that is not known.
    price: str
    is_chosen: bool
    mark: str


@dataclass(frozen=True)
class Segment:
    """One scene's stretch of the timeline, in thousandths of its length."""

    scene: Scene
    start: int
    width: int
    has_clip: bool


def scenes_context(request: HtmxHttpRequest, pk: int, more_keys: Mapping[str, Key] = {}) -> dict[str, Any]:
    """All scenes, and those, in the order, that the page's address asks for."""
    project, role = load_project(request, pk)
    scenes = live_scenes(project)
    sieve = Sieve.asked_for(request.GET)
    shown = sieve.sifted(scenes, more_keys)
    return {
        "project": project,
        "can_edit": role.includes(Role.EDITOR),
        "scenes": scenes,
        "sieve": sieve,
        "shown": shown,
    }


def storyboard_context(request: HtmxHttpRequest, pk: int, more_keys: Mapping[str, Key] = {}) -> dict[str, Any]:
    """What stands around the scenes as well: toolbar, timeline, filters, and the page's place in the live stream."""
    context = scenes_context(request, pk, more_keys)
    project, scenes = context["project"], context["scenes"]
    hidden = {scene.pk for scene in scenes} - {scene.pk for scene in context["shown"]}
    context |= {
        "cards": [build_card(scene) for scene in context["shown"]],
        "hidden": " ".join(map(str, hidden)),
        "segments": timeline(scenes),
        "cursor": cursor_of(scenes),
        "selected_count": sum(selected_take(scene) is not None for scene in scenes),
        "gone_models": model_comparison.gone_of(project, scenes),
        "filter_models": filter_models(project, scenes, context["sieve"]),
    }
    return context | (editing_context(project, scenes) if context["can_edit"] else {})


def editing_context(project: Project, scenes: Sequence[Scene]) -> dict[str, Any]:
    """What only editors see: the buttons that spend, and the choices of models."""
    hosted = any(one.about.kind == Kind.REMOTE for one in connections.roster(project.team_id).connections)
    return {
        "missing": batches.missing_of(scenes),
        "chainable": sum(1 for _ in frame_chaining.chainable(scenes)),
        "model_choices": model_choices(project),
        "model_options": quotes.model_options(project.team_id),
        "has_hosted_models": hosted,
        "budget_warning": budget.warning_for(project, "USD"),
    }


def model_choices(project: Project) -> list[ModelChoice]:
    """The video models the project can have today, and the one it is set to."""
    choices = []
    for model in connections.all_models(project.team_id).values():
        is_chosen = model.id == project.model_id
        if model.kind == "video" and (is_chosen or not eligibility.why_not(model, project.team_id)):
            amount = model.price_per_second.get(project.resolution)
            price = f"{Price(amount, model.currency)} a second" if amount is not None else ""
            mark = connections.mark_of(model, connections.for_model(model, project.team_id))
            choices.append(ModelChoice(model, price, is_chosen, mark))
    return choices


def filter_models(project: Project, scenes: Iterable[Scene], sieve: Sieve) -> list[tuple[str, str]]:
    """Ids and names of the models that scenes are set to, and of the one the filter asks for."""
    used = {scene.chosen_model_id for scene in scenes} | ({sieve.model} if sieve.model else set())
    named = [(model_id, model_name(model_id, project.team_id)) for model_id in used]
    return sorted(named, key=lambda model: model[1].casefold())


def timeline(scenes: Sequence[Scene]) -> list[Segment]:
    total = sum((scene.duration for scene in scenes), Decimal(0))
    segments, elapsed = [], Decimal(0)
    for scene in scenes:
        start = round(elapsed / total * 1000)
        elapsed += scene.duration
        width = max(1, round(elapsed / total * 1000) - start - 2)
        segments.append(Segment(scene, start, width, has_clip=shown_take(scene) is not None))
    return segments
