"""Pictures taken from finished clips: a frame of a take as start frame, end frame or reference, and chains of scenes.

A chain makes the last frame of a scene's selected take the start frame of the next scene. Every picture is a Reference of
its own, which outlives the take it came from.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from generation.media import stills
from generation.models import Generation, selected_take, with_takes
from projects import references
from projects.models import Project, Reference, Scene
from teams.models import User

START = Reference.Role.START_FRAME
#: What is chained at once fits into one request; the rest is chained by asking again.
CHAIN_SECONDS = 20.0


@dataclass(frozen=True)
class ExtractedFrame:
    """A picture that was taken, and the frame whose place it has now."""

    picture: Reference
    replaced: Reference | None = None


def use_frame(
    take: Generation,
    moment: stills.Moment,
    scene: Scene,
    role: Reference.Role,
    *,
    member: User,
    kind: str = "",
    label: str = "",
) -> ExtractedFrame:
    """Raises ValidationError with a sentence where the clip does not give that picture, or there is no room for it."""
    with stills.Decoder() as decoder:
        return _take_frame(decoder, take, moment, scene, role, member=member, kind=kind, label=label)


def next_scene(scene: Scene) -> Scene | None:
    """The one that follows in the storyboard."""
    later = Scene.objects.live().filter(project=scene.project_id, position__gt=scene.position)
    return later.order_by("position", "pk").select_related("project").prefetch_related("references").first()


def chain_scene(scene: Scene, *, member: User) -> ExtractedFrame:
    """Raises ValidationError where there is nothing to take or nobody to give it to."""
    take, following = selected_take(scene), next_scene(scene)
    if take is None:
        raise ValidationError("Select a finished take first: its last frame is what the next scene begins with.")
    if following is None:
        raise ValidationError("This is the last scene of the storyboard; there is none that could begin with its end.")
    return use_frame(take, stills.LAST, following, START, member=member)


def find_chainable(scenes: Iterable[Scene]) -> Iterator[tuple[Generation, Scene]]:
    """Scenes without a start frame that follow one with a selected take, with that take; reads what is prefetched."""
    for scene, following in pairwise(scenes):
        take = selected_take(scene)
        if take and not following.frame(START):
            yield take, following


@dataclass(frozen=True)
class ChainResult:
    """`left` could not be done in the time there is; `refused` says of which clips there was no picture, and why."""

    pictures: list[Reference]
    refused: list[str]
    left: int


def chain_all(project: Project, *, member: User) -> ChainResult:
    scenes = with_takes(Scene.objects.live().filter(project=project))
    waiting = list(find_chainable(scenes))
    until = time.monotonic() + CHAIN_SECONDS
    done, refused = [], []
    with stills.Decoder() as decoder:
        while waiting and time.monotonic() < until:
            take, following = waiting.pop(0)
            try:
                done.append(_take_frame(decoder, take, stills.LAST, following, START, member=member).picture)
            except ValidationError as error:
                refused += [f"Scene {following.position}: {message}" for message in error.messages]
    return ChainResult(done, refused, len(waiting))


def _take_frame(
    decoder: stills.Decoder,
    take: Generation,
    moment: stills.Moment,
    scene: Scene,
    role: Reference.Role,
    *,
    member: User,
    kind: str = "",
    label: str = "",
) -> ExtractedFrame:
    try:
        data = decoder.still(Path(take.clip.path), moment)
    except stills.FrameUnavailable as error:
        raise ValidationError(f"No frame could be taken from take {take.number}. {error}") from error
    image = ContentFile(data, name="frame.png")
    label = label or f"{describe_moment(moment)} of scene {take.scene.position}, take {take.number}"
    replaced = scene.frame(role) if role in Reference.FRAMES else None
    picture = references.add_reference(scene.project, scene, role, image, member=member, kind=kind, label=label)
    return ExtractedFrame(picture, replaced)


def describe_moment(moment: stills.Moment) -> str:
    if moment is stills.LAST:
        return "Last frame"
    return "First frame" if moment == stills.FIRST else f"Frame at {moment:.2f} s"
