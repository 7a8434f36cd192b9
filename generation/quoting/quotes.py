"""What a model would make of a scene, for how much, or why it cannot: the one check for pages, pipeline and commands.

An blocker names what is in the way, what is allowed, and where the catalogue has one, the model that would allow it. A
note says what the clip will not show although the scene has it. Nothing else of what was chosen may get lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from django.core.exceptions import ValidationError

from core.money import money
from generation import prompting
from generation.billing import budget
from generation.catalogue import Extension, Model
from generation.catalogue.pricing import clip_price
from generation.connections import ResolvedConnection, Roster, availability_mark
from generation.models import Generation
from generation.providers.base import Task
from generation.providers.registry import is_local
from generation.quoting.eligibility import (
    availability_blockers,
    find_blockers,
    prompt_blockers,
    suggest_alternative,
)
from projects.models import Audio, Reference, Scene

SEED_LIMIT = 2**31 - 1
#: So many times the cheapest price is worth a warning.
DEAR_TIMES = 3
#: The option of an account that names where its finished clips stand.
BUCKET = "output_gcs_uri"


@dataclass(frozen=True)
class Rework:
    """What shall be done to a finished take, in the person's own words."""

    task: Task
    source: Generation
    prompt: str


@dataclass(frozen=True)
class Quote:
    """One model for one scene; the clip would have that many seconds."""

    model: Model
    connection: ResolvedConnection | None
    seconds: Decimal
    price: Decimal | None
    blockers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    #: That it is dear, beside what else could make the scene or by what the team asks about; empty where it is not.
    warning: str = ""

    @property
    def is_possible(self) -> bool:
        return not self.blockers and self.price is not None

    @property
    def mark(self) -> str:
        return availability_mark(self.model, self.connection)


def chosen_model(scene: Scene, roster: Roster) -> Model:
    """Raises ValidationError where the model the scene was given is nowhere any more."""
    try:
        return roster.find(scene.chosen_model_id)
    except KeyError:
        raise ValidationError(
            f"There is no model called “{scene.chosen_model_id}” here (any more). Choose one under Cost."
        ) from None


def quote_scene(scene: Scene, roster: Roster) -> Quote | None:
    """What the next take would be; None where its model is unknown."""
    model = roster.models.get(scene.chosen_model_id)
    return quote_model(scene, model, roster) if model else None


def require_quote(scene: Scene, model: Model, roster: Roster, rework: Rework | None = None) -> Quote:
    """The offer for what will be made. Raises ValidationError with every blocker."""
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
    """The model for the scene, at the nearest length it makes that is no shorter; or for what shall be done to a take.

    A new clip is made with the first of the team's connections that serves the model, another one where its source was made.
    """
    source = roster.find_connection(rework.source.connection_id) if rework else None
    connection = source or roster.connection_for(model)
    seconds = model.seconds.nearest(scene.duration)
    found: list[str] = [*availability_blockers(model, connection, roster)]
    if model.kind != "video":
        found.append(f"{model.name} makes no clips.")
    unseen: list[str] = []
    resolution = scene.resolution
    if rework:
        found += [*rework_blockers(model, connection, rework), *prompt_blockers(model, rework.prompt)]
        resolution = rework.source.resolution
        seconds = rework.source.whole_seconds
        if rework.task == Task.EXTEND and model.takes.extend:
            seconds = model.takes.extend.nearest(scene.duration, made=rework.source.whole_seconds)
    else:
        found += [*format_blockers(scene, model, roster), *length_blockers(model, scene.duration, roster)]
        unseen += input_blockers(scene, model, seconds, roster)
        if not is_local(model.provider):
            found += [*unseen, *prompt_blockers(model, render(scene, model))]
            unseen = []
        unseen += length_notes(model, scene.duration, seconds)
    price = _price(model, resolution, seconds)
    if price is None and not found:
        found.append(f"{model.name} has no known price.")
    return Quote(model, connection, seconds, price, tuple(found), tuple(unseen))


def frame_size(scene: Scene, roster: Roster) -> tuple[int, int]:
    """Width and height of what the scene's model makes of it; the project's where it makes nothing of it."""
    model = roster.models.get(scene.chosen_model_id)
    sizes = model.sizes.get(scene.resolution) if model else None
    return (sizes.get(scene.project.aspect_ratio) if sizes else None) or scene.project.frame_size


def available_models(roster: Roster) -> list[tuple[str, str]]:
    """Id and name of the video models that could make the team's clips today."""
    return [
        (model.id, model.name)
        for model in roster.models.values()
        if model.kind == "video" and not find_blockers(model, roster)
    ]


def model_options(roster: Roster) -> list[tuple[str, str]]:
    """The same to choose from, with what speaks against counting on one beside its name."""
    return [(model_id, describe_model(roster.find(model_id), roster)) for model_id, _ in available_models(roster)]


def describe_model(model: Model, roster: Roster) -> str:
    mark = roster.mark(model)
    return f"{model.name} · {mark}" if mark else model.name


def quote_models(scene: Scene, roster: Roster) -> list[Quote]:
    """Every video model; those that can make the scene first, the cheapest among them, and the dear ones marked."""
    offers = [quote_model(scene, model, roster) for model in roster.models.values() if model.kind == "video"]
    asked_above = budget.confirmation_threshold(scene.project)
    hosted = [one for one in offers if one.is_possible and not is_local(one.model.provider)]
    others = [(one.price, one.model.name) for one in hosted if one.price is not None]
    marked = [
        replace(one, warning=describe_expense(one.price, others, asked_above))
        if one.price is not None and one.is_possible
        else one
        for one in offers
    ]
    return sorted(marked, key=lambda quote: (bool(quote.blockers), quote.price or Decimal(0)))


def describe_expense(price: Decimal, others: Iterable[tuple[Decimal, str]], asked_above: Decimal | None) -> str:
    """What makes the price dear, in words: several times that of the cheapest of the `others`, or asked about first."""
    said = []
    cheapest = min(others, key=lambda other: other[0], default=None)
    if cheapest and price >= DEAR_TIMES * cheapest[0] > 0:
        said.append(f"{price / cheapest[0]:.0f} times the price of {cheapest[1]}.")
    if asked_above is not None and price > asked_above:
        said.append(f"Above {money(asked_above)}, so it is asked about first.")
    return " ".join(said)


def _price(model: Model, resolution: str, seconds: Decimal) -> Decimal | None:
    return clip_price(model, resolution=resolution, seconds=seconds) if resolution in model.price_per_second else None


# -- What can be in the way --------------------------------------------------------------------------------------------


def format_blockers(scene: Scene, model: Model, roster: Roster) -> Iterator[str]:
    aspect, resolution = scene.project.aspect_ratio, scene.resolution
    if aspect in model.sizes.get(resolution, {}):
        return
    better = suggest_alternative(model, roster, lambda other: aspect in other.sizes.get(resolution, {}))
    if aspect not in model.aspect_ratios:
        yield f"{model.name} cannot make {aspect}; it makes {', '.join(model.aspect_ratios)}.{better}"
    elif resolution not in model.sizes:
        yield f"{model.name} cannot make {resolution}; it makes {', '.join(model.resolutions)}.{better}"
    else:
        others = ", ".join(model.sizes[resolution])
        yield f"{model.name} cannot make {aspect} in {resolution}; in {resolution} it makes {others}.{better}"


def length_blockers(model: Model, seconds: Decimal, roster: Roster, *, exactly: bool = False) -> Iterator[str]:
    """A scene that is shorter than what the model makes is no blocker, unless it must be `exactly` that long."""
    if model.seconds.allows(seconds) or (not exactly and model.seconds.nearest(seconds) >= seconds):
        return
    better = suggest_alternative(model, roster, lambda other: other.seconds.allows(seconds))
    yield f"{model.name} makes {model.seconds}; this scene has {seconds.normalize():f} s.{better}"


def length_notes(model: Model, wanted: Decimal, seconds: Decimal) -> Iterator[str]:
    if seconds > wanted:
        yield f"{model.name} makes {model.seconds}: the clip will have {seconds.normalize():f} s."


def input_blockers(scene: Scene, model: Model, seconds: Decimal, roster: Roster) -> Iterator[str]:
    yield from picture_blockers(scene, model, seconds, roster)
    takes = model.takes
    if scene.seed is not None and not takes.seed:
        yield f"{model.name} takes no seed.{suggest_alternative(model, roster, lambda other: other.takes.seed)}"
    elif scene.seed is not None and scene.seed > SEED_LIMIT:
        yield f"A seed is at most {SEED_LIMIT}."
    if scene.audio == Audio.OFF and takes.audio == "always":
        better = suggest_alternative(model, roster, lambda other: other.takes.audio != "always")
        yield f"{model.name} always makes sound.{better}"
    if scene.audio == Audio.ON and takes.audio == "never":
        yield f"{model.name} makes no sound.{suggest_alternative(model, roster, lambda other: other.takes.audio != 'never')}"


def picture_blockers(scene: Scene, model: Model, seconds: Decimal, roster: Roster) -> Iterator[str]:
    """Which of the scene's frames and references the model does not take."""
    takes = model.takes
    start, end = scene.frame(Reference.Role.START_FRAME), scene.frame(Reference.Role.END_FRAME)
    references = len(scene.shown_references())
    if start and (refusal := frame_refusal(model, Reference.Role.START_FRAME, roster)):
        yield refusal
    if end and (refusal := frame_refusal(model, Reference.Role.END_FRAME, roster)):
        yield refusal
    elif end and not start:
        yield f"{model.name} takes an end frame only together with a start frame."
    if references > takes.references:
        allowed = f"{takes.references} references" if takes.references else "no references"
        better = suggest_alternative(model, roster, lambda other: other.takes.references >= references)
        yield f"{model.name} takes {allowed}; this scene has {references}.{better}"
    if references and (start or end) and takes.frames_or_references:
        yield f"{model.name} takes either frames or references, not both."
    if start and end and takes.both_frames_max_seconds and seconds > takes.both_frames_max_seconds:
        yield f"With start and end frame {model.name} makes at most {takes.both_frames_max_seconds} s."


def frame_refusal(model: Model, role: str, roster: Roster) -> str:
    """That the model takes no such frame, and which would; empty where it does."""
    match role:
        case Reference.Role.START_FRAME if not model.takes.start_frame:
            better = suggest_alternative(model, roster, lambda other: other.takes.start_frame)
            return f"{model.name} takes no start frame.{better}"
        case Reference.Role.END_FRAME if not model.takes.end_frame:
            better = suggest_alternative(model, roster, lambda other: other.takes.end_frame)
            return f"{model.name} takes no end frame.{better}"
    return ""


def rework_blockers(model: Model, connection: ResolvedConnection | None, rework: Rework) -> Iterator[str]:
    task, source = rework.task, rework.source
    able = {Task.REMIX: model.takes.remix, Task.EXTEND: model.takes.extend, Task.EDIT: model.takes.edit}[task]
    if not able:
        where = f" at {connection.name}" if connection else ""
        yield f"{model.name} cannot {task} a clip{where}."
    if not source.is_done or not source.remote_id:
        yield f"Only a finished clip that the provider made can be used to {task}."
    elif source.provider != model.provider or (connection and source.connection_id != _row_id(connection)):
        yield f"A clip can only be used to {task} where it was made."
    elif task == Task.EXTEND and model.takes.extend:
        yield from extension_blockers(model, model.takes.extend, connection, source)


def _row_id(connection: ResolvedConnection) -> int:
    return connection.stored.pk if connection.stored else connection.ensure_row().pk


def extension_blockers(
    model: Model, extension: Extension, connection: ResolvedConnection | None, source: Generation
) -> Iterator[str]:
    if extension.resolutions and source.resolution not in extension.resolutions:
        yield f"{model.name} extends clips in {', '.join(extension.resolutions)}; this one has {source.resolution}."
    made = source.whole_seconds
    if extension.total is not None and made + extension.seconds.min > extension.total:
        yield (
            f"{model.name} extends clips by {extension.seconds} up to {extension.total:f} s together; "
            f"this one has {made.normalize():f} s already."
        )
    if extension.from_bucket and connection and not connection.option(BUCKET):
        variable = connection.about.option(BUCKET).variable
        how = f"Give {connection.name} one" if connection.is_own else f"Set {variable}"
        yield f"{model.name} extends clips that stand in a bucket. {how}, then make the clip again."
