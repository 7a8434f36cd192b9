"""What a model makes of a scene or a take, for how much, or why it can't: the one check of pages, pipeline and commands.

Nothing that a person chose is dropped in silence. What the model doesn't support is a blocker; only the local animatic makes
the clip all the same, with a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import ValidationError

from core.money import money
from generation import prompting
from generation.billing import budget
from generation.catalogue import Model
from generation.catalogue.pricing import clip_price
from generation.connections import ResolvedConnection, Roster, availability_mark
from generation.models import Generation
from generation.providers.base import Task
from generation.providers.registry import is_local
from generation.quoting import eligibility
from projects.models import Scene

#: A price this many times the cheapest one gets a warning.
EXPENSIVE_FACTOR = 3


@dataclass(frozen=True)
class Rework:
    """A remix, extension or edit of a finished take. `seconds` is the length of an extension; None for the scene's."""

    task: Task
    source: Generation
    prompt: str
    seconds: Decimal | None = None


@dataclass(frozen=True)
class Quote:
    """One model for one clip of so many `seconds`."""

    model: Model
    connection: ResolvedConnection | None
    seconds: Decimal
    price: Decimal | None
    #: Blockers of the model itself, for any clip: it is retired, or the team has no connection to it.
    unavailable: tuple[str, ...] = ()
    #: Blockers of this clip.
    unsupported: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: Why it counts as expensive; empty if it doesn't.
    warning: str = ""

    @property
    def blockers(self) -> tuple[str, ...]:
        return self.unavailable + self.unsupported

    @property
    def is_possible(self) -> bool:
        return not self.blockers and self.price is not None

    @property
    def mark(self) -> str:
        return availability_mark(self.model, self.connection)


def chosen_model(scene: Scene, roster: Roster) -> Model:
    """The scene's own model, else the project's. Raises ValidationError if it is no longer known."""
    try:
        return roster.find(scene.chosen_model_id)
    except KeyError:
        message = f"The model “{scene.chosen_model_id}” is no longer available. Choose another under Cost."
        raise ValidationError(message) from None


def quote_scene(scene: Scene, roster: Roster) -> Quote | None:
    """The scene's next take; None if its model is unknown."""
    model = roster.models.get(scene.chosen_model_id)
    return quote_model(scene, model, roster) if model else None


def require_quote(scene: Scene, model: Model, roster: Roster, rework: Rework | None = None) -> Quote:
    """Raises ValidationError with every blocker if the model can't make it."""
    quote = quote_model(scene, model, roster, rework)
    if not quote.is_possible:
        raise ValidationError(list(quote.blockers))
    return quote


def quote_model(
    scene: Scene,
    model: Model,
    roster: Roster,
    rework: Rework | None = None,
    *,
    render: Callable[[Scene, Model], str] = prompting.render,
) -> Quote:
    """A new clip of the scene, or a rework of one of its takes.

    A new clip has the shortest length the model makes that is no shorter than the scene, and comes from the first connection
    that serves the model. A rework stays with the connection that made its source.
    """
    if rework:
        return _quote_rework(scene, model, roster, rework)
    seconds = model.seconds.nearest(scene.duration)
    unsupported = [
        *eligibility.kind_blockers(model),
        *eligibility.format_blockers(scene, model, roster),
        *eligibility.length_blockers(model, scene.duration, roster),
    ]
    inputs = [*eligibility.input_blockers(scene, model, seconds, roster)]
    notes = [*eligibility.length_notes(model, scene.duration, seconds)]
    if is_local(model.provider):
        notes = inputs + notes
    else:
        unsupported += [*inputs, *eligibility.prompt_blockers(model, render(scene, model))]
    connection = roster.connection_for(model)
    unavailable = tuple(eligibility.availability_blockers(model, roster, connection))
    quote = Quote(model, connection, seconds, None, unavailable, tuple(unsupported), tuple(notes))
    return _add_price(quote, scene.resolution)


def _quote_rework(scene: Scene, model: Model, roster: Roster, rework: Rework) -> Quote:
    source = rework.source
    connection = roster.find_connection(source.connection_id) or roster.connection_for(model)
    seconds = source.whole_seconds
    if rework.task == Task.EXTEND and model.supports.extend:
        seconds = rework.seconds or model.supports.extend.nearest(scene.duration, made=source.whole_seconds)
    unsupported = (
        *eligibility.kind_blockers(model),
        *eligibility.rework_blockers(model, connection, rework.task, source, rework.seconds),
        *eligibility.prompt_blockers(model, rework.prompt),
    )
    unavailable = tuple(eligibility.availability_blockers(model, roster, connection))
    return _add_price(Quote(model, connection, seconds, None, unavailable, unsupported), source.resolution)


def _add_price(quote: Quote, resolution: str) -> Quote:
    model = quote.model
    if resolution in model.price_per_second:
        return replace(quote, price=clip_price(model, resolution=resolution, seconds=quote.seconds))
    return quote if quote.blockers else replace(quote, unsupported=(f"The price of {model.name} is unknown.",))


def frame_size(scene: Scene, roster: Roster) -> tuple[int, int]:
    """Width and height of the scene's clips in pixels; the project's size if the scene's model can't make it."""
    model = roster.models.get(scene.chosen_model_id)
    sizes = model.sizes.get(scene.resolution) if model else None
    return (sizes.get(scene.project.aspect_ratio) if sizes else None) or scene.project.frame_size


# -- Choosing a model --------------------------------------------------------------------------------------------------


def model_names(roster: Roster) -> list[tuple[str, str]]:
    """Ids and names of the video models that the team can use today."""
    return [(model.id, model.name) for model in eligibility.available_models(roster, "video")]


def model_options(roster: Roster) -> list[tuple[str, str]]:
    """The same with each model's mark, such as "closes 1 Dec 2026"."""
    return [(model.id, describe_model(model, roster)) for model in eligibility.available_models(roster, "video")]


def describe_model(model: Model, roster: Roster) -> str:
    mark = roster.mark(model)
    return f"{model.name} · {mark}" if mark else model.name


def quote_models(scene: Scene, roster: Roster) -> list[Quote]:
    """Every video model: those that can make the scene first, cheapest first. Expensive ones have a warning."""
    quotes = [quote_model(scene, model, roster) for model in roster.models.values() if model.kind == "video"]
    threshold = budget.confirmation_threshold(scene.project)
    hosted = [
        (quote.price, quote.model.name)
        for quote in quotes
        if quote.is_possible and quote.price is not None and not is_local(quote.model.provider)
    ]

    def warn(quote: Quote) -> Quote:
        if not quote.is_possible or quote.price is None:
            return quote
        return replace(quote, warning=describe_expense(quote.price, hosted, threshold))

    return sorted(map(warn, quotes), key=lambda quote: (bool(quote.blockers), quote.price or Decimal(0)))


def describe_expense(price: Decimal, others: Iterable[tuple[Decimal, str]], threshold: Decimal | None) -> str:
    """Why the price is expensive, compared with the `others` (prices and names) and the confirmation threshold."""
    sentences = []
    cheapest = min(others, key=lambda other: other[0], default=None)
    if cheapest and price >= EXPENSIVE_FACTOR * cheapest[0] > 0:
        sentences.append(f"{price / cheapest[0]:.0f} times the price of {cheapest[1]}.")
    if threshold is not None and price > threshold:
        sentences.append(f"Needs confirmation (above {money(threshold)}).")
    return " ".join(sentences)
