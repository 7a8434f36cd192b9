"""Frames of finished clips as start frames, end frames and references, and chains of scenes.

A chain makes the last frame of a scene's selected take the start frame of the next scene. Each picture is a Reference of its
own, which outlives the take.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from core.decoding.contract import Undecodable
from core.decoding.gate import decode
from generation.media import quota, stills
from generation.models import Generation, selected_take, with_takes
from projects import references
from projects.models import Project, Reference, Scene
from teams.models import User

START = Reference.Role.START_FRAME
#: How long one request may chain. The page offers to chain the rest.
CHAIN_SECONDS = 20.0


@dataclass(frozen=True)
class ExtractedFrame:
    """`replaced` is the frame that the scene had before."""

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
    """Raises ValidationError if the clip has no such frame or the scene no room for another picture."""
    quota.require_room(scene.project.team_id)
    path = Path(take.clip.path)
    try:
        if not path.is_file():
            raise Undecodable("Its file is missing from storage.")
        data = decode(stills.read_frame, str(path), moment, limits=stills.LIMITS)
    except Undecodable as error:
        raise ValidationError(f"Couldn't get a frame from take {take.number}. {error}") from error
    image = ContentFile(data, name="frame.png")
    label = label or f"{describe_moment(moment)} of scene {take.scene.position}, take {take.number}"
    replaced = scene.frame(role) if role in Reference.FRAMES else None
    picture = references.add_reference(scene.project, scene, role, image, member=member, kind=kind, label=label)
    return ExtractedFrame(picture, replaced)


def next_scene(scene: Scene) -> Scene | None:
    later = Scene.objects.live().filter(project=scene.project_id, position__gt=scene.position)
    return later.order_by("position", "pk").select_related("project").prefetch_related("references").first()


def chain_scene(scene: Scene, *, member: User) -> ExtractedFrame:
    """Raises ValidationError without a selected take, for the last scene, and as `use_frame` does."""
    take, following = selected_take(scene), next_scene(scene)
    if take is None:
        raise ValidationError("Select a finished take first. Its last frame becomes the next scene's start frame.")
    if following is None:
        raise ValidationError("This is the last scene. There is no next scene to continue.")
    return use_frame(take, stills.LAST, following, START, member=member)


def find_chainable(scenes: Iterable[Scene]) -> Iterator[tuple[Generation, Scene]]:
    """Scenes without a start frame, each with the selected take of the scene before. No queries if read by `with_takes`."""
    for scene, following in pairwise(scenes):
        take = selected_take(scene)
        if take and not following.frame(START):
            yield take, following


@dataclass(frozen=True)
class ChainResult:
    """`refused` has a sentence per scene that could not be chained; `left` counts those that time ran out for."""

    pictures: list[Reference]
    refused: list[str]
    left: int


def chain_all(project: Project, *, member: User) -> ChainResult:
    scenes = with_takes(Scene.objects.live().filter(project=project))
    waiting = list(find_chainable(scenes))
    deadline = time.monotonic() + CHAIN_SECONDS
    pictures, refused = [], []
    while waiting and time.monotonic() < deadline:
        take, following = waiting.pop(0)
        try:
            pictures.append(use_frame(take, stills.LAST, following, START, member=member).picture)
        except ValidationError as error:
            refused += [f"Scene {following.position}: {message}" for message in error.messages]
    return ChainResult(pictures, refused, len(waiting))


def describe_moment(moment: stills.Moment) -> str:
    if moment is stills.LAST:
        return "Last frame"
    return "First frame" if moment == stills.FIRST else f"Frame at {moment:.2f} s"
