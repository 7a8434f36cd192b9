"""Whether a model can make a clip, judged from the catalogue and the team's connections alone: no provider is asked.

A blocker is a sentence: what the model doesn't support, what it does support and, if there is one, a model that can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Literal

from django.utils import timezone

from core.numbers import format_number
from core.plurals import count_noun
from generation.catalogue import Extension, Model
from generation.connections import ResolvedConnection, Roster, is_retired
from generation.models import Generation
from generation.providers.base import Task
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, find_kind, is_local
from projects.models import Audio, Reference, Scene

#: The option of a connection that names the bucket of its finished clips.
BUCKET = "output_gcs_uri"


# -- Models ------------------------------------------------------------------------------------------------------------


def is_available(model: Model, roster: Roster) -> bool:
    """Whether the team can use the model today."""
    return not any(availability_blockers(model, roster))


def available_models(roster: Roster, kind: Literal["video", "image"]) -> list[Model]:
    return [model for model in roster.models.values() if model.kind == kind and is_available(model, roster)]


def availability_blockers(model: Model, roster: Roster, connection: ResolvedConnection | None = None) -> Iterator[str]:
    """What keeps the team from using the model at all. Without a `connection`, judges the one the roster would use."""
    kind = find_kind(model.provider)
    if kind == Kind.LOCAL:
        return
    connection = connection or roster.connection_for(model)
    if is_retired(model, connection, timezone.localdate()):
        successor = roster.models.get(model.successor)
        advice = f" {successor.name} replaces it." if successor else _suggest_own_server(model)
        yield f"{model.maker} retired {model.name} on {model.retired_on:%-d %B %Y}.{advice}"
    elif kind != (Kind.IMAGES if model.kind == "image" else Kind.REMOTE):
        yield f"This server has no provider for {model.name}."
    elif connection is None:
        how = PROVIDERS[model.provider].how
        yield f"{how}, or add an account under Connections, to use {model.name}."


def _suggest_own_server(model: Model) -> str:
    # A vendor's retirement binds only the vendor: another server of the same protocol may still have the model.
    provider = PROVIDERS.get(model.provider)
    if provider is None or not provider.makes:
        return ""
    return f" To use another server that still has it, set {provider.address_variables[0]} or add it under Connections."


def suggest_alternative(model: Model, roster: Roster, can: Callable[[Model], bool]) -> str:
    """“ Sora 2 Pro can.”: the best other model for which `can` is true; empty if there is none.

    Prefers hosted models to the local animatic, then the same vendor, then models without a retirement date, then available
    ones.
    """

    def rank(candidate: Model) -> tuple[bool, ...]:
        is_foreign = (candidate.provider, candidate.host) != (model.provider, model.host)
        retires = roster.is_retired(candidate, on=date.max)
        return is_local(candidate.provider), is_foreign, retires, not is_available(candidate, roster)

    others = (other for other in roster.models.values() if other.kind == model.kind and other.id != model.id)
    best = min((other for other in others if can(other)), key=rank, default=None)
    return f" {best.name} can." if best else ""


# -- Prompts -----------------------------------------------------------------------------------------------------------


def prompt_blockers(model: Model, prompt: str) -> Iterator[str]:
    length = len(prompt)
    if not prompt.strip():
        yield "The prompt is empty."
    elif model.prompt_limit is not None and length > model.prompt_limit:
        yield f"The prompt has {length:,} characters; {model.name} allows {model.prompt_limit:,}."


# -- Scenes ------------------------------------------------------------------------------------------------------------


def kind_blockers(model: Model) -> Iterator[str]:
    if model.kind != "video":
        yield f"{model.name} doesn't make clips."


def format_blockers(scene: Scene, model: Model, roster: Roster) -> Iterator[str]:
    aspect, resolution = scene.project.aspect_ratio, scene.resolution
    if aspect in model.sizes.get(resolution, {}):
        return
    better = suggest_alternative(model, roster, lambda other: aspect in other.sizes.get(resolution, {}))
    if aspect not in model.aspect_ratios:
        yield f"{model.name} doesn't support {aspect}, only {', '.join(model.aspect_ratios)}.{better}"
    elif resolution not in model.sizes:
        yield f"{model.name} doesn't support {resolution}, only {', '.join(model.resolutions)}.{better}"
    else:
        supported = ", ".join(model.sizes[resolution])
        yield f"{model.name} doesn't support {aspect} in {resolution}, only {supported}.{better}"


def length_blockers(
    model: Model, seconds: Decimal, roster: Roster, *, exact: bool = False, subject: str = "this scene"
) -> Iterator[str]:
    """A scene shorter than the model's clips is no blocker unless the length has to be `exact`."""
    if model.seconds.allows(seconds) or (not exact and model.seconds.nearest(seconds) >= seconds):
        return
    better = suggest_alternative(model, roster, lambda other: other.seconds.allows(seconds))
    yield f"{model.name} clips are {model.seconds}; {subject} is {format_number(seconds)} s.{better}"


def length_notes(model: Model, wanted: Decimal, seconds: Decimal) -> Iterator[str]:
    if seconds > wanted:
        yield f"{model.name} clips are {model.seconds}; this one will be {format_number(seconds)} s."


def input_blockers(scene: Scene, model: Model, seconds: Decimal, roster: Roster) -> Iterator[str]:
    yield from picture_blockers(scene, model, seconds, roster)
    supported = model.supports
    if scene.seed is not None and not supported.seed:
        better = suggest_alternative(model, roster, lambda other: other.supports.seed)
        yield f"{model.name} doesn't support seeds.{better}"
    if scene.audio == Audio.OFF and supported.audio == "always":
        better = suggest_alternative(model, roster, lambda other: other.supports.audio != "always")
        yield f"{model.name} clips always have sound.{better}"
    if scene.audio == Audio.ON and supported.audio == "never":
        better = suggest_alternative(model, roster, lambda other: other.supports.audio != "never")
        yield f"{model.name} clips have no sound.{better}"


def picture_blockers(scene: Scene, model: Model, seconds: Decimal, roster: Roster) -> Iterator[str]:
    """The scene's frames and references that the model doesn't support."""
    supported = model.supports
    start, end = scene.frame(Reference.Role.START_FRAME), scene.frame(Reference.Role.END_FRAME)
    references = len(scene.shown_references())
    if start and (refusal := frame_refusal(model, Reference.Role.START_FRAME, roster)):
        yield refusal
    if end and (refusal := frame_refusal(model, Reference.Role.END_FRAME, roster)):
        yield refusal
    elif end and not start:
        yield f"{model.name} uses an end frame only with a start frame."
    if references > supported.references:
        better = suggest_alternative(model, roster, lambda other: other.supports.references >= references)
        yield f"{model.name} {_describe_reference_limit(model)} ({references} attached).{better}"
    if references and (start or end) and supported.frames_or_references:
        yield f"{model.name} supports frames or references, not both."
    if start and end and supported.both_frames_max_seconds and seconds > supported.both_frames_max_seconds:
        yield f"{model.name} clips with both a start and an end frame are at most {supported.both_frames_max_seconds} s."


def _describe_reference_limit(model: Model) -> str:
    most = model.supports.references
    return f"supports {count_noun(most, 'reference')}" if most else "doesn't support references"


def frame_refusal(model: Model, role: str, roster: Roster) -> str:
    """Empty if the model supports the frame."""
    match role:
        case Reference.Role.START_FRAME if not model.supports.start_frame:
            better = suggest_alternative(model, roster, lambda other: other.supports.start_frame)
            return f"{model.name} doesn't support start frames.{better}"
        case Reference.Role.END_FRAME if not model.supports.end_frame:
            better = suggest_alternative(model, roster, lambda other: other.supports.end_frame)
            return f"{model.name} doesn't support end frames.{better}"
    return ""


# -- Remixes, extensions and edits -------------------------------------------------------------------------------------


def rework_blockers(
    model: Model,
    connection: ResolvedConnection | None,
    task: Task,
    source: Generation,
    seconds: Decimal | None = None,
) -> Iterator[str]:
    # `seconds` is the wanted length of an extension; without it one is chosen that the model has.
    if task not in model.supports.tasks:
        where = f" on {connection.name}" if connection else ""
        yield f"{model.name} can't {task} clips{where}."
    if source.remote_deleted_at:
        yield "The clip was deleted at its provider."
    elif not source.has_remote_clip:
        yield f"You can {task} only a finished clip from a provider."
    elif source.provider != model.provider or (connection and source.connection_id != _row_id(connection)):
        yield f"You can {task} a clip only with the connection that made it."
    elif task == Task.EXTEND and model.supports.extend:
        yield from extension_blockers(model, model.supports.extend, connection, source)
        if seconds is not None and seconds not in model.supports.extend.lengths(made=source.whole_seconds):
            yield f"{model.name} extends clips by {model.supports.extend.seconds}, not by {format_number(seconds)} s."


def _row_id(connection: ResolvedConnection) -> int:
    # ensure_row() queries and may write; pages that list many models have the row already.
    return connection.stored.pk if connection.stored else connection.ensure_row().pk


def extension_blockers(
    model: Model, extension: Extension, connection: ResolvedConnection | None, source: Generation
) -> Iterator[str]:
    if extension.resolutions and source.resolution not in extension.resolutions:
        yield f"{model.name} extends clips in {', '.join(extension.resolutions)}; this one is {source.resolution}."
    made = source.whole_seconds
    if extension.total is not None and made + extension.seconds.min > extension.total:
        yield (
            f"{model.name} extends clips by {extension.seconds}, up to {format_number(extension.total)} s in total; "
            f"this one is {format_number(made)} s."
        )
    if extension.from_bucket and connection and not connection.option(BUCKET):
        variable = connection.about.option(BUCKET).variable
        how = f"Add one to {connection.name}" if connection.is_own else f"Set {variable}"
        yield f"{model.name} extends only clips in a bucket. {how}, then generate the clip again."
