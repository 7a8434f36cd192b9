"""What a model would make of a scene, for how much, or why it cannot: the one check for pages, pipeline and commands.

An obstacle names what is in the way, what is allowed, and where the catalogue has one, the model that would allow it. A
note says what the clip will not show although the scene has it. Nothing else of what was chosen may get lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from generation import connections, prompting
from generation.catalogue import Extension, Model
from generation.connections import Configured
from generation.cost import Price, price_of
from generation.models import Generation
from generation.providers.base import Task
from generation.providers.registry import IMAGE_PROVIDERS, REMOTE_PROVIDERS, is_local
from projects.models import Audio, Reference, Scene

SEED_LIMIT = 2**31 - 1


@dataclass(frozen=True)
class Asked:
    """What shall be done to a finished take, in the person's own words."""

    task: Task
    source: Generation
    prompt: str


@dataclass(frozen=True)
class Offer:
    """One model for one scene; the clip would have that many seconds."""

    model: Model
    connection: Configured | None
    seconds: Decimal
    price: Price | None
    obstacles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_possible(self) -> bool:
        return not self.obstacles and self.price is not None


def chosen_model(scene: Scene) -> Model:
    """Raises ValidationError where the model the scene was given is nowhere any more."""
    try:
        return connections.find(scene.chosen_model_id)
    except KeyError:
        raise ValidationError(
            f"There is no model called “{scene.chosen_model_id}” here (any more). Choose one under Settings."
        ) from None


def chosen_offer(scene: Scene) -> Offer | None:
    """What the next take would be; None where its model is unknown."""
    model = connections.all_models().get(scene.chosen_model_id)
    return offer(scene, model) if model else None


def quote(scene: Scene, model: Model, asked: Asked | None = None) -> Offer:
    """The offer for what will be made. Raises ValidationError with every obstacle."""
    offered = offer(scene, model, asked)
    if not offered.is_possible:
        raise ValidationError(list(offered.obstacles))
    return offered


def offer(scene: Scene, model: Model, asked: Asked | None = None) -> Offer:
    """The model for the scene, at the nearest length it makes that is no shorter; or for what shall be done to a take."""
    connection = connections.for_provider(model.provider)
    seconds = model.seconds.nearest(scene.duration)
    found: list[str] = [*availability_obstacles(model, connection, timezone.localdate())]
    if model.kind != "video":
        found.append(f"{model.name} makes no clips.")
    unseen: list[str] = []
    resolution = scene.resolution
    if asked:
        found += [*task_obstacles(model, connection, asked), *prompt_obstacles(model, asked.prompt)]
        resolution = asked.source.resolution
        seconds = asked.source.duration
        if asked.task == Task.EXTEND and model.takes.extend:
            seconds = model.takes.extend.nearest(scene.duration, made=asked.source.whole_seconds)
    else:
        found += [*format_obstacles(scene, model), *length_obstacles(model, scene.duration)]
        unseen += input_obstacles(scene, model, seconds)
        if not is_local(model.provider):
            found += [*unseen, *prompt_obstacles(model, prompting.render(scene, model))]
            unseen = []
        unseen += length_notes(model, scene.duration, seconds)
    price = _price(model, resolution, seconds)
    if price is None and not found:
        found.append(f"What {model.name} costs is not recorded, so it is not offered.")
    return Offer(model, connection, seconds, price, tuple(found), tuple(unseen))


def frame_size(scene: Scene) -> tuple[int, int]:
    """Width and height of what the scene's model makes of it; the project's where it makes nothing of it."""
    model = connections.all_models().get(scene.chosen_model_id)
    sizes = model.sizes.get(scene.resolution) if model else None
    return (sizes.get(scene.project.aspect_ratio) if sizes else None) or scene.project.frame_size


def why_not(model: Model) -> list[str]:
    """Why the model cannot be had here today; empty where it can."""
    return [*availability_obstacles(model, connections.for_provider(model.provider), timezone.localdate())]


def models_at_hand() -> list[tuple[str, str]]:
    """Id and name of the video models that could make clips here today."""
    return [
        (model.id, model.name)
        for model in connections.all_models().values()
        if model.kind == "video" and not why_not(model)
    ]


def offers_for(scene: Scene) -> list[Offer]:
    """Every video model; those that can make the scene first, the cheapest among them."""
    offers = [offer(scene, model) for model in connections.all_models().values() if model.kind == "video"]
    return sorted(offers, key=lambda offered: (bool(offered.obstacles), offered.price.amount if offered.price else 0))


def _price(model: Model, resolution: str, seconds: Decimal) -> Price | None:
    return price_of(model, resolution=resolution, seconds=seconds) if resolution in model.price_per_second else None


# -- What can be in the way --------------------------------------------------------------------------------------------


def availability_obstacles(model: Model, connection: Configured | None, today: date) -> Iterator[str]:
    if is_local(model.provider):
        return
    if model.is_retired(today, host=(connection.host if connection else "") or model.host):
        successor = connections.all_models().get(model.successor)
        follows = f" {successor.name} follows it." if successor else ""
        variable = connections.BASE_URLS.get(model.provider, "")
        elsewhere = f" A server that still has it can be named by {variable}." if variable else ""
        yield f"{model.name} was retired by {model.maker} on {model.retired_on:%-d %B %Y}.{follows or elsewhere}"
    elif connection is None:
        how = connections.HOW_TO_CONNECT.get(model.provider)
        yield f"{how} to use {model.name}." if how else f"Nothing here can reach {model.name}."
    elif model.provider not in (IMAGE_PROVIDERS if model.kind == "image" else REMOTE_PROVIDERS):
        yield f"Nothing here can reach {model.name}."


def format_obstacles(scene: Scene, model: Model) -> Iterator[str]:
    aspect, resolution = scene.project.aspect_ratio, scene.resolution
    if aspect not in model.aspect_ratios:
        yield f"{model.name} cannot make {aspect}; it makes {', '.join(model.aspect_ratios)}."
    elif resolution not in model.sizes:
        instead = _instead(model, lambda other: resolution in other.sizes)
        yield f"{model.name} cannot make {resolution}; it makes {', '.join(model.resolutions)}.{instead}"
    elif aspect not in model.sizes[resolution]:
        others = ", ".join(model.sizes[resolution])
        yield f"{model.name} cannot make {aspect} in {resolution}; in {resolution} it makes {others}."


def length_obstacles(model: Model, seconds: Decimal, *, exactly: bool = False) -> Iterator[str]:
    """A scene that is shorter than what the model makes is no obstacle, unless it must be `exactly` that long."""
    if model.seconds.allows(seconds) or (not exactly and model.seconds.nearest(seconds) >= seconds):
        return
    instead = _instead(model, lambda other: other.seconds.allows(seconds))
    yield f"{model.name} makes {model.seconds}; this scene has {seconds.normalize():f} s.{instead}"


def length_notes(model: Model, wanted: Decimal, seconds: Decimal) -> Iterator[str]:
    if seconds > wanted:
        yield f"{model.name} makes {model.seconds}: the clip will have {seconds.normalize():f} s."


def input_obstacles(scene: Scene, model: Model, seconds: Decimal) -> Iterator[str]:
    takes = model.takes
    start, end = scene.frame(Reference.Role.START_FRAME), scene.frame(Reference.Role.END_FRAME)
    references = len(scene.shown_references())
    if start and not takes.start_frame:
        yield f"{model.name} takes no start frame.{_instead(model, lambda other: other.takes.start_frame)}"
    if end and not takes.end_frame:
        yield f"{model.name} takes no end frame.{_instead(model, lambda other: other.takes.end_frame)}"
    elif end and not start:
        yield f"{model.name} takes an end frame only together with a start frame."
    if references > takes.references:
        allowed = f"{takes.references} references" if takes.references else "no references"
        instead = _instead(model, lambda other: other.takes.references >= references)
        yield f"{model.name} takes {allowed}; this scene has {references}.{instead}"
    if references and (start or end) and takes.frames_or_references:
        yield f"{model.name} takes either frames or references, not both."
    if start and end and takes.both_frames_max_seconds and seconds > takes.both_frames_max_seconds:
        yield f"With start and end frame {model.name} makes at most {takes.both_frames_max_seconds} s."
    if scene.seed is not None and not takes.seed:
        yield f"{model.name} takes no seed.{_instead(model, lambda other: other.takes.seed)}"
    elif scene.seed is not None and scene.seed > SEED_LIMIT:
        yield f"A seed is at most {SEED_LIMIT}."
    if scene.audio == Audio.OFF and takes.audio == "always":
        yield f"{model.name} always makes sound.{_instead(model, lambda other: other.takes.audio != 'always')}"
    if scene.audio == Audio.ON and takes.audio == "never":
        yield f"{model.name} makes no sound.{_instead(model, lambda other: other.takes.audio != 'never')}"


def prompt_obstacles(model: Model, prompt: str) -> Iterator[str]:
    length = len(prompt)
    if not prompt.strip():
        yield "The prompt is empty."
    if model.prompt_limit is not None and length > model.prompt_limit:
        yield f"The prompt has {length:,} characters; {model.name} takes at most {model.prompt_limit:,}."


def task_obstacles(model: Model, connection: Configured | None, asked: Asked) -> Iterator[str]:
    task, source = asked.task, asked.source
    able = {Task.REMIX: model.takes.remix, Task.EXTEND: model.takes.extend, Task.EDIT: model.takes.edit}[task]
    if not able:
        where = f" at {connection.name}" if connection else ""
        yield f"{model.name} cannot {task} a clip{where}."
    if not source.is_done or not source.remote_id:
        yield f"Only a finished clip that the provider made can be used to {task}."
    elif source.provider != model.provider or (connection and source.connection_id != connection.row().pk):
        yield f"A clip can only be used to {task} where it was made."
    elif task == Task.EXTEND and model.takes.extend:
        yield from extension_obstacles(model, model.takes.extend, connection, source)


def extension_obstacles(
    model: Model, extension: Extension, connection: Configured | None, source: Generation
) -> Iterator[str]:
    if extension.resolutions and source.resolution not in extension.resolutions:
        yield f"{model.name} extends clips in {', '.join(extension.resolutions)}; this one has {source.resolution}."
    made = source.whole_seconds
    if extension.total is not None and made + extension.seconds.min > extension.total:
        yield (
            f"{model.name} extends clips by {extension.seconds} up to {extension.total:f} s together; "
            f"this one has {made.normalize():f} s already."
        )
    if extension.from_bucket and connection and not connection.account.option("output_gcs_uri"):
        yield (
            f"{model.name} extends clips that stand in a bucket. Set GOOGLE_VEO_OUTPUT_GCS_URI, then make the clip again."
        )


def _instead(model: Model, can: Callable[[Model], bool]) -> str:
    """The first model of the same account that would do, else the first that can be had at all."""
    others: Iterable[Model] = connections.all_models().values()
    today = timezone.localdate()
    able = [
        other
        for other in others
        if other.kind == "video" and not is_local(other.provider) and other is not model and can(other)
    ]
    alike = [other for other in able if (other.provider, other.host) == (model.provider, model.host)]
    at_hand = [
        other for other in able if not [*availability_obstacles(other, connections.for_provider(other.provider), today)]
    ]
    best = alike or at_hand or able
    return f" {best[0].name} would." if best else ""
