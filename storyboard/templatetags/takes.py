"""What templates ask about takes.

Only `project_summaries` and `budget_warning` query; the others read what the page has loaded, and a team's connections once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django import template
from django.urls import reverse

from core.money import money
from core.numbers import plain_number, roughly
from generation import catalogue, connections
from generation.billing import budget
from generation.connections import naming
from generation.models import Advancing, Generation
from generation.providers.base import Task
from generation.providers.description import Kind
from generation.quoting import batches, eligibility, quotes
from generation.takes.failures import Failure, failure_of
from generation.takes.lineage import Branch
from generation.takes.lineage import lineage as lineage_of
from projects.models import Project, Scene
from storyboard.project_summaries import summaries_of

register = template.Library()
register.simple_tag(summaries_of, name="project_summaries")


@register.simple_tag
def budget_warning(project: Project) -> str:
    return budget.warning_for(project)


@register.simple_tag
def offer_of(scene: Scene) -> quotes.Offer | None:
    """What the next take costs, or why it cannot be made; None where its model is unknown."""
    return quotes.chosen_offer(scene)


@dataclass(frozen=True)
class ModelChoice:
    model: catalogue.Model
    price: str
    is_chosen: bool
    #: Whether it could make clips here today.
    is_at_hand: bool
    mark: str


@register.simple_tag
def model_choices(project: Project) -> list[ModelChoice]:
    """The video models by maker, with the price of a second in the project's resolution."""
    choices = []
    for model in connections.all_models(project.team_id).values():
        if model.kind == "video":
            blocked = eligibility.why_not(model, project.team_id)
            amount = model.price_per_second.get(project.resolution)
            price = f"{money(amount)} a second" if amount is not None else ""
            mark = connections.mark_of(model, connections.for_model(model, project.team_id))
            choices.append(ModelChoice(model, price, model.id == project.model_id, not blocked, mark))
    return [choice for choice in choices if choice.is_at_hand or choice.is_chosen]


@register.simple_tag
def has_hosted_models(project: Project) -> bool:
    return any(one.about.kind == Kind.REMOTE for one in connections.roster(project.team_id).connections)


@dataclass(frozen=True)
class MadeFrom:
    """One thing that can be done with a finished take."""

    task: Task
    offer: quotes.Offer


@register.simple_tag
def made_from(take: Generation) -> list[MadeFrom]:
    """What the model that made the take can do with it."""
    model = connections.model_of(take)
    if model is None or not take.is_done or not take.remote_id:
        return []
    able = {Task.REMIX: model.takes.remix, Task.EXTEND: model.takes.extend, Task.EDIT: model.takes.edit}
    return [
        MadeFrom(task, quotes.offer(take.scene, model, quotes.Asked(task, take, "Something")))
        for task, can in able.items()
        if can
    ]


@register.simple_tag
def can_be_made_from(take: Generation) -> bool:
    """Whether the link to that is worth showing."""
    model = connections.model_of(take) if take.is_done and take.remote_id else None
    return model is not None and any((model.takes.remix, model.takes.extend, model.takes.edit))


@register.simple_tag
def source_of(take: Generation, scene: Scene) -> Generation | None:
    """The take that this one was made from, of those the page has loaded."""
    return next((other for other in scene.takes.all() if other.pk == take.source_id), None) if take.source_id else None


@register.simple_tag
def compare_url(scene: Scene) -> str:
    """Where takes are compared; empty unless there are two."""
    done = sum(take.is_done for take in scene.live_takes)
    return reverse("compare", args=[scene.pk]) if done > 1 else ""


@register.simple_tag
def deleted_takes(scene: Scene) -> list[Generation]:
    return [take for take in scene.takes.all() if take.deleted_at]


@register.simple_tag
def lineage(scene: Scene) -> list[Branch]:
    return lineage_of(scene.takes.all())


@register.filter
def took(take: Advancing) -> str:
    """How long it was made: 12 s, 3:04."""
    return seconds(Decimal(max(1, round(take.made_in.total_seconds())))) if take.made_in else ""


@register.filter
def failure(take: Advancing) -> Failure | None:
    return failure_of(take)


@register.simple_tag
def missing(scenes: Iterable[Scene]) -> batches.Batch:
    return batches.missing_of(scenes)


@register.simple_tag
def selected_count(scenes: Iterable[Scene]) -> int:
    return sum(scene.selected_take_id is not None for scene in scenes)


@register.simple_tag
def stream_cursor(scenes: Iterable[Scene]) -> str:
    """The database's time of the newest change this page shows; its event stream begins there."""
    times: list[datetime] = [scene.changed_at for scene in scenes]
    times += [take.changed_at for scene in scenes for take in scene.takes.all()]
    return f"{max(times).timestamp():.6f}" if times else "0"


@register.simple_tag
def offers_for(scene: Scene) -> list[quotes.Offer]:
    return quotes.offers_for(scene)


@register.filter
def model_name(take: Advancing) -> str:
    return naming.model_name(take.model_id, connections.team_of(take))


@register.filter
def its_model(project: Project) -> str:
    """What new takes of the project are made with."""
    return naming.model_name(project.model_id, project.team_id)


@register.filter
def usual_time(take: Advancing) -> str:
    """How long its model needs for a clip, by the catalogue."""
    model = connections.all_models(connections.team_of(take)).get(take.model_id)
    return roughly(Decimal(model.expected_seconds)) if model else ""


@register.filter
def seconds(value: Decimal | None) -> str:
    """8 s, 6.5 s, 1:04."""
    if value is None:
        return ""
    if value >= 60:
        return f"{int(value) // 60}:{int(value) % 60:02d}"
    return f"{plain_number(value)} s"


@register.filter
def total_seconds(scenes: Iterable[Scene]) -> Decimal:
    return sum((scene.duration for scene in scenes), Decimal(0))


@dataclass(frozen=True)
class Segment:
    """One scene's stretch of the timeline, in thousandths of its length."""

    scene: Scene
    start: int
    width: int


@register.filter
def timeline(scenes: Iterable[Scene]) -> list[Segment]:
    scenes = list(scenes)
    total = total_seconds(scenes)
    segments, elapsed = [], Decimal(0)
    for scene in scenes:
        start = round(elapsed / total * 1000)
        elapsed += scene.duration
        segments.append(Segment(scene, start, max(1, round(elapsed / total * 1000) - start - 2)))
    return segments
