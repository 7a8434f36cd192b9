"""Models for a whole project: all of them side by side, and a replacement for each that is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.conf import settings

from core.plurals import format_ranges
from generation import prompting
from generation.billing import budget
from generation.catalogue import Model
from generation.connections import Roster
from generation.providers.registry import is_local
from generation.quoting.batches import Batch, Reason, group_reasons, is_missing, plan_batch
from generation.quoting.eligibility import availability_blockers, available_models
from generation.quoting.quotes import Quote, describe_expense, quote_model
from projects.models import Project, Scene

#: How many takes a new connection is assumed to run at a time.
USUAL_PLACES = 2
#: How many models are tried as a replacement: quoting every scene with every model would slow down each page.
MOST_CANDIDATES = 4


@dataclass(frozen=True)
class ProjectQuote:
    """One model for all scenes of a project. Prices are None where no scene has one."""

    model: Model
    scenes: int
    #: How many scenes it can make.
    possible: int
    #: The price of those scenes, and of those among them without a take.
    total: Decimal | None
    missing: Decimal | None
    #: Seconds until all are done, with `places` running at a time.
    expected_seconds: Decimal
    places: int
    #: Why the team can't use it, or empty. It has a price all the same, unless it is retired.
    unavailable_because: str
    reasons: tuple[Reason, ...]
    is_chosen: bool
    is_retired: bool
    #: See `Roster.mark`.
    mark: str
    warning: str = ""

    @property
    def impossible(self) -> int:
        return self.scenes - self.possible

    @property
    def can_be_used(self) -> bool:
        return not self.unavailable_because and self.possible > 0


def compare(project: Project, scenes: Sequence[Scene], roster: Roster) -> list[ProjectQuote]:
    """Available models first, then those that make the most scenes, then the cheapest. Expensive ones have a warning."""
    render = _cached_renderer()
    models = [model for model in roster.models.values() if model.kind == "video"]
    quotes = [_quote_project(project, scenes, model, roster, render) for model in models]
    threshold = budget.confirmation_threshold(project)
    warned = [replace(quote, warning=_warn(quote, quotes, threshold)) for quote in quotes]
    return sorted(
        warned, key=lambda quote: (bool(quote.unavailable_because), quote.impossible, quote.total or Decimal(0))
    )


def _quote_project(
    project: Project, scenes: Sequence[Scene], model: Model, roster: Roster, render: Callable[[Scene, Model], str]
) -> ProjectQuote:
    is_retired = roster.is_retired(model)
    quotes = [(scene, quote_model(scene, model, roster, render=render)) for scene in ([] if is_retired else scenes)]
    possible = [(scene, quote) for scene, quote in quotes if not quote.unsupported and quote.price is not None]
    connection = roster.connection_for(model)
    places = connection.max_in_flight if connection else USUAL_PLACES
    places = settings.MEDIA_WORKERS if is_local(model.provider) else places
    return ProjectQuote(
        model=model,
        scenes=len(scenes),
        possible=len(possible),
        total=_sum_prices(quote for _, quote in possible),
        missing=_sum_prices(quote for scene, quote in possible if is_missing(scene)),
        expected_seconds=Decimal(-(-len(possible) // places) * model.expected_seconds),
        places=places,
        unavailable_because=" ".join(availability_blockers(model, roster, connection)),
        reasons=group_reasons((scene, blocker) for scene, quote in quotes for blocker in quote.unsupported),
        is_chosen=model.id == project.model_id,
        is_retired=is_retired,
        mark=roster.mark(model),
    )


def _cached_renderer() -> Callable[[Scene, Model], str]:
    # Renders each prompt once for all models that get the same text: those of one provider, apart from negative prompts.
    rendered: dict[tuple[int, str, bool], str] = {}

    def render(scene: Scene, model: Model) -> str:
        key = (scene.pk, model.provider, model.supports.negative_prompt)
        if key not in rendered:
            rendered[key] = prompting.render(scene, model)
        return rendered[key]

    return render


def _sum_prices(quotes: Iterable[Quote]) -> Decimal | None:
    prices = [quote.price for quote in quotes if quote.price is not None]
    return sum(prices, Decimal(0)) if prices else None


def _warn(quote: ProjectQuote, quotes: Iterable[ProjectQuote], threshold: Decimal | None) -> str:
    # Compares with the available hosted models that make at least as many scenes.
    if quote.total is None or quote.unavailable_because:
        return ""
    others = [
        (other.total, other.model.name)
        for other in quotes
        if other.total is not None
        and other.can_be_used
        and other.possible >= quote.possible
        and not is_local(other.model.provider)
    ]
    return describe_expense(quote.total, others, threshold)


# -- Models that are gone ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnavailableModel:
    """A retired or unknown model that scenes are set to, and the model `to` replace it with."""

    model_id: str
    words: str
    count: int
    scenes: str
    to: Model
    #: How many of the scenes the replacement can make, and for how much.
    possible: int
    price: Decimal

    @property
    def impossible(self) -> int:
        return self.count - self.possible


def find_unavailable_models(project: Project, scenes: Iterable[Scene], roster: Roster) -> list[UnavailableModel]:
    scenes_by_model: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        scenes_by_model[scene.chosen_model_id].append(scene)
    return [
        _suggest_replacement(project, model_id, of_model, words, roster)
        for model_id, of_model in scenes_by_model.items()
        if (words := _describe_unavailable(model_id, roster))
    ]


def _describe_unavailable(model_id: str, roster: Roster) -> str:
    model = roster.models.get(model_id)
    if model is None:
        return f"{model_id}, which is no longer available"
    if roster.is_retired(model):
        return f"{model.name}, which {model.maker} retired on {model.retired_on:%-d %B %Y}"
    return ""


def _suggest_replacement(
    project: Project, model_id: str, scenes: Sequence[Scene], words: str, roster: Roster
) -> UnavailableModel:
    # The first candidate that makes all the scenes, else the one that makes the most.
    best: tuple[Model, Batch] | None = None
    for model in _list_candidates(project, model_id, roster):
        batch = plan_batch(scenes, roster, model)
        if best is None or batch.count > best[1].count:
            best = model, batch
        if not batch.left_out:
            break
    assert best, "the local animatic is always available"
    model, batch = best
    positions = format_ranges(scene.position for scene in scenes)
    return UnavailableModel(model_id, words, len(scenes), positions, model, batch.count, batch.price)


def _list_candidates(project: Project, model_id: str, roster: Roster) -> list[Model]:
    # Successors first, then hosted models by price; the local animatic is always the last.
    successors = list(_successors(roster.models, model_id))

    def rank(model: Model) -> tuple[bool, int, bool, Decimal]:
        place = successors.index(model.id) if model.id in successors else len(successors)
        price = model.price_per_second.get(project.resolution)
        return is_local(model.provider), place, price is None, price or Decimal(0)

    models = sorted(available_models(roster, "video"), key=rank)
    local = [model for model in models if is_local(model.provider)]
    return [*models[: MOST_CANDIDATES - 1], *local[:1]]


def _successors(models: Mapping[str, Model], model_id: str) -> Iterator[str]:
    seen = {model_id}
    model = models.get(model_id)
    while model and model.successor and model.successor not in seen:
        seen.add(model.successor)
        yield model.successor
        model = models.get(model.successor)
