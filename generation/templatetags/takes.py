"""What templates ask about takes. Only `project_summaries` queries; the others read what the page has loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache

from django import template
from django.db.models import Sum
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from generation import catalogue, connections, offers, pipeline
from generation.cost import Price
from generation.models import Generation
from projects.models import Project, Scene

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, label: str = "") -> SafeString:
    """A Lucide icon; with a label where it stands alone, else hidden from screen readers."""
    source = f"{static('vendor/lucide-1.62.0.svg')}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, source)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', source)


@register.simple_tag
def offer_of(scene: Scene) -> offers.Offer | None:
    """What the next take costs, or why it cannot be made; None where its model is unknown."""
    return offers.chosen_offer(scene)


@register.simple_tag
def missing(scenes: Iterable[Scene]) -> pipeline.Missing:
    return pipeline.missing_of(scenes)


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
def offers_for(scene: Scene) -> list[offers.Offer]:
    return offers.offers_for(scene)


@register.filter
def price(take: Generation) -> str:
    return str(Price(take.cost, take.currency))


@register.filter
def model_name(take: Generation) -> str:
    """The catalogue's name of the take's model; its id where the catalogue no longer has it."""
    model = connections.all_models().get(take.model_id)
    return model.name if model else take.model_id


@register.filter
def seconds(value: Decimal | None) -> str:
    """8 s, 6.5 s, 1:04."""
    if value is None:
        return ""
    if value >= 60:
        return f"{int(value) // 60}:{int(value) % 60:02d}"
    return f"{value.normalize():f} s"


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


@dataclass(frozen=True)
class ProjectSummary:
    project: Project
    first_scene: Scene | None
    poster_take: Generation | None
    scenes: int
    with_clip: int
    running: int
    spent: Price


@register.simple_tag
def project_summaries(projects: Iterable[Project]) -> list[ProjectSummary]:
    """What the cards of the project list show; three queries whatever their number."""
    projects = list(projects)
    scenes_of: dict[int, list[Scene]] = {project.pk: [] for project in projects}
    for scene in Scene.objects.for_cards().filter(project__in=projects, deleted_at=None):
        scenes_of[scene.project_id].append(scene)
    by_project = Generation.objects.filter(scene__project__in=projects).order_by().values("scene__project")
    spent = dict(by_project.annotate(spent=Sum("actual_cost")).values_list("scene__project", "spent"))
    return [_summary(project, scenes_of[project.pk], spent.get(project.pk) or Decimal(0)) for project in projects]


def _summary(project: Project, scenes: list[Scene], spent: Decimal) -> ProjectSummary:
    shown = [scene.shown_take for scene in scenes if scene.shown_take]
    return ProjectSummary(
        project=project,
        first_scene=scenes[0] if scenes else None,
        poster_take=shown[0] if shown else None,
        scenes=len(scenes),
        with_clip=len(shown),
        running=sum(take.is_active for scene in scenes for take in scene.takes.all()),
        spent=Price(spent, catalogue.default_video_model().currency),
    )
