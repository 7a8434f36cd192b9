"""All models for a whole project side by side; and the scenes whose model is gone, with what another would cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from django.conf import settings

from generation import prompting
from generation.billing import budget
from generation.catalogue import Model
from generation.connections import Roster
from generation.providers.registry import is_local
from generation.quoting import batches, eligibility, quotes
from generation.quoting.quotes import Quote
from projects.models import Project, Scene

#: How many takes a connection that is not there yet is taken to make at a time.
USUAL_PLACES = 2
#: So many models are tried, in the order of preference, for one that makes all scenes of a model that is gone.
TRIED = 4


@dataclass(frozen=True)
class Reason:
    """Why some scenes cannot be made."""

    words: str
    scenes: str


@dataclass(frozen=True)
class ProjectQuote:
    """One model for all scenes of a project."""

    model: Model
    scenes: int
    #: How many of them it can make; of those, what all cost, and what those without a take cost.
    possible: int
    total: Decimal | None
    missing: Decimal | None
    #: Until all are made, with as many at a time as its connection has places.
    expected_seconds: Decimal
    places: int
    #: Why it cannot be had here; it is priced all the same, unless it is retired.
    unavailable_because: str
    reasons: tuple[Reason, ...]
    is_chosen: bool
    is_retired: bool
    #: What speaks against counting on it; empty where nothing does.
    mark: str
    warning: str = ""

    @property
    def impossible(self) -> int:
        return self.scenes - self.possible

    @property
    def can_be_used(self) -> bool:
        return not self.unavailable_because and self.possible > 0


def compare(project: Project, scenes: Sequence[Scene], roster: Roster) -> list[ProjectQuote]:
    """Those that can be had first, then those that make the most scenes, the cheapest among them; dear ones are marked."""
    render = _remembering_prompts()
    models = [model for model in roster.models.values() if model.kind == "video"]
    found = [_quote_project(project, scenes, model, roster, render) for model in models]
    asked_above = budget.confirmation_threshold(project)
    marked = [replace(one, warning=_warning(one, found, asked_above)) for one in found]
    return sorted(marked, key=lambda one: (bool(one.unavailable_because), one.impossible, one.total or Decimal(0)))


def _quote_project(
    project: Project, scenes: Sequence[Scene], model: Model, roster: Roster, render: Callable[[Scene, Model], str]
) -> ProjectQuote:
    connection = roster.connection_for(model)
    unavailable = eligibility.find_blockers(model, roster)
    is_retired = roster.is_retired(model)
    reasons: dict[str, list[int]] = defaultdict(list)
    possible = []
    for scene in [] if is_retired else scenes:
        quote = quotes.quote_model(scene, model, roster, render=render)
        blockers = [blocker for blocker in quote.blockers if blocker not in unavailable]
        for blocker in blockers:
            reasons[blocker].append(scene.position)
        if not blockers and quote.price is not None:
            possible.append((scene, quote))
    places = connection.max_in_flight if connection else USUAL_PLACES
    places = settings.MEDIA_WORKERS if is_local(model.provider) else places
    return ProjectQuote(
        model=model,
        scenes=len(scenes),
        possible=len(possible),
        total=_sum(quote for _, quote in possible),
        missing=_sum(quote for scene, quote in possible if batches.is_missing(scene)),
        expected_seconds=Decimal(-(-len(possible) // places) * model.expected_seconds),
        places=places,
        unavailable_because=" ".join(unavailable),
        reasons=tuple(Reason(words, format_ranges(positions)) for words, positions in reasons.items()),
        is_chosen=model.id == project.model_id,
        is_retired=is_retired,
        mark=roster.mark(model),
    )


def _remembering_prompts() -> Callable[[Scene, Model], str]:
    """Models of one provider are told a scene in the same words."""
    known: dict[tuple[int, str, bool], str] = {}

    def render(scene: Scene, model: Model) -> str:
        key = (scene.pk, model.provider, model.takes.negative_prompt)
        if key not in known:
            known[key] = prompting.render(scene, model)
        return known[key]

    return render


def _sum(quote: Iterable[Quote]) -> Decimal | None:
    prices = [one.price for one in quote if one.price is not None]
    return sum(prices, Decimal(0)) if prices else None


def _warning(one: ProjectQuote, found: Iterable[ProjectQuote], asked_above: Decimal | None) -> str:
    """Beside the hosted models at hand that make as many scenes."""
    if one.total is None or one.unavailable_because:
        return ""
    hosted = [other for other in found if other.can_be_used and not is_local(other.model.provider)]
    others = [
        (other.total, other.model.name)
        for other in hosted
        if other.total is not None and other.possible >= one.possible
    ]
    return quotes.describe_expense(one.total, others, asked_above)


def format_ranges(positions: Iterable[int]) -> str:
    """1, 2, 3 and 7 as “1-3, 7”."""
    runs = [
        [position for _, position in run]
        for _, run in groupby(enumerate(positions), key=lambda numbered: numbered[1] - numbered[0])
    ]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


# -- Models that are gone ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class UnavailableModel:
    """Scenes that are set to a model which is retired or unknown, and the one that would take its place."""

    model_id: str
    words: str
    count: int
    scenes: str
    to: Model
    possible: int
    price: Decimal

    @property
    def impossible(self) -> int:
        return self.count - self.possible


def find_unavailable_models(project: Project, scenes: Iterable[Scene], roster: Roster) -> list[UnavailableModel]:
    by_model: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        by_model[scene.chosen_model_id].append(scene)
    return [
        _describe_unavailable(project, model_id, of_model, words, roster)
        for model_id, of_model in by_model.items()
        if (words := _explain_unavailable(model_id, roster))
    ]


def _explain_unavailable(model_id: str, roster: Roster) -> str:
    model = roster.models.get(model_id)
    if model is None:
        return f"{model_id}, which is not known here any more"
    if roster.is_retired(model):
        return f"{model.name}, which was retired by {model.maker} on {model.retired_on:%-d %B %Y}"
    return ""


def _describe_unavailable(
    project: Project, model_id: str, scenes: Sequence[Scene], words: str, roster: Roster
) -> UnavailableModel:
    best: UnavailableModel | None = None
    for model in _find_replacements(project, model_id, roster):
        quote = [one for scene in scenes if (one := quotes.quote_model(scene, model, roster)).is_possible]
        price = _sum(quote) or Decimal(0)
        positions = format_ranges(scene.position for scene in scenes)
        gone = UnavailableModel(model_id, words, len(scenes), positions, model, len(quote), price)
        if best is None or gone.possible > best.possible:
            best = gone
        if not gone.impossible:
            break
    assert best  # the local renderer is always there
    return best


def _find_replacements(project: Project, model_id: str, roster: Roster) -> list[Model]:
    """Models that can be had, the likeliest first: what follows it, then hosted ones by price, then the local renderer."""
    successors = list(_successors(roster.models, model_id))
    videos = [model for model in roster.models.values() if model.kind == "video"]
    at_hand = [model for model in videos if not eligibility.find_blockers(model, roster)]

    def rank(model: Model) -> tuple[bool, int, bool, Decimal]:
        follows = successors.index(model.id) if model.id in successors else len(successors)
        price = model.price_per_second.get(project.resolution)
        return is_local(model.provider), follows, price is None, price or Decimal(0)

    hosted_then_local = sorted(at_hand, key=rank)
    local = [model for model in hosted_then_local if is_local(model.provider)]
    return [*hosted_then_local[: TRIED - 1], *local[:1]]


def _successors(models: Mapping[str, Model], model_id: str) -> Iterator[str]:
    seen = {model_id}
    model = models.get(model_id)
    while model and model.successor and model.successor not in seen:
        seen.add(model.successor)
        yield model.successor
        model = models.get(model.successor)
