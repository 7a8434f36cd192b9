"""Writes that touch a whole storyboard: order, insertion, duplication, deletion and undo.

Each holds a lock on the project, so two people who rearrange one storyboard at once both get their way, one after the
other. Moves say "this scene goes behind that one" rather than "this is the new order": they can be combined, and a stale
page cannot lose somebody else's scene.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from projects.models import Project, Scene
from projects.pictures import copy_references

MAX_SCENES = 500


def _locked(project_id: int) -> Project:
    return Project.objects.select_for_update().get(pk=project_id)


def _number(scenes: Sequence[Scene]) -> None:
    moved = []
    for position, scene in enumerate(scenes, start=1):
        if scene.position != position:
            scene.position = position
            scene.changed_at = Now()
            moved.append(scene)
    Scene.objects.bulk_update(moved, ["position", "changed_at"])


def _scenes(project: Project) -> list[Scene]:
    return list(project.scenes.filter(deleted_at=None).order_by("position", "pk").only("position", "project"))


def _index_behind(scenes: Sequence[Scene], after: int | None) -> int:
    if after is None:
        return 0
    for index, scene in enumerate(scenes):
        if scene.pk == after:
            return index + 1
    raise ValidationError("The scene it should follow is no longer in this storyboard. Here is the order as it is now.")


def _make_room_in(scenes: Sequence[Scene], count: int = 1) -> None:
    room = MAX_SCENES - len(scenes)
    if count > room:
        left = f"there is room for {room} more" if room > 0 else "it is full"
        raise ValidationError(
            f"A storyboard holds at most {MAX_SCENES} scenes; {left}. Start another project for the rest."
        )


@transaction.atomic
def add(scene: Scene, *, after: int | None = None) -> Scene:
    """Save a new scene behind the scene with the id `after`, or at the end."""
    project = _locked(scene.project_id)
    scenes = _scenes(project)
    _make_room_in(scenes)
    index = len(scenes) if after is None else _index_behind(scenes, after)
    scene.position = index + 1
    scene.save()
    scenes.insert(index, scene)
    _number(scenes)
    return scene


@transaction.atomic
def add_many(project_id: int, added: Sequence[Scene], *, after: int | None = None) -> list[Scene]:
    """Save new scenes in their order, behind the scene with the id `after` or at the end."""
    scenes = _scenes(_locked(project_id))
    _make_room_in(scenes, len(added))
    index = len(scenes) if after is None else _index_behind(scenes, after)
    for position, scene in enumerate(added, start=index + 1):
        scene.position = position
    saved = Scene.objects.bulk_create(added)
    scenes[index:index] = saved
    _number(scenes)
    return saved


@transaction.atomic
def move(scene: Scene, *, after: int | None) -> None:
    """Put the scene behind the scene with the id `after`, or first when it is None."""
    project = _locked(scene.project_id)
    scenes = _scenes(project)
    moving = next((other for other in scenes if other.pk == scene.pk), None)
    if moving is None:
        raise ValidationError("This scene has been deleted in the meantime.")
    scenes.remove(moving)
    scenes.insert(_index_behind(scenes, after), moving)
    _number(scenes)


@transaction.atomic
def shift(scene: Scene, by: int) -> None:
    """Move the scene `by` places towards the end (or the start, when negative), as far as there are places."""
    project = _locked(scene.project_id)
    scenes = _scenes(project)
    order = [other.pk for other in scenes]
    if scene.pk not in order:
        raise ValidationError("This scene has been deleted in the meantime.")
    index = order.index(scene.pk)
    scenes.insert(max(0, min(len(scenes) - 1, index + by)), scenes.pop(index))
    _number(scenes)


def duplicate(scene: Scene) -> Scene:
    """A copy right behind the original, without its takes."""
    with transaction.atomic():
        copy = add(_copy(scene, scene.project), after=scene.pk)
        copy_references(scene, copy)
    return copy


def _copy(scene: Scene, project: Project) -> Scene:
    fields: dict[str, Any] = {name: getattr(scene, name) for name in (*Scene.SHOT_FIELDS, *Scene.SETTINGS)}
    return Scene(project=project, duration=scene.duration, notes=scene.notes, **fields)


@transaction.atomic
def delete(scene: Scene) -> None:
    project = _locked(scene.project_id)
    Scene.objects.filter(pk=scene.pk).update(deleted_at=Now(), changed_at=Now())
    _number(_scenes(project))


@transaction.atomic
def delete_many(project_id: int, scene_ids: Collection[int]) -> list[int]:
    """The ids of those that were not deleted before."""
    project = _locked(project_id)
    deleted = project.scenes.filter(pk__in=scene_ids, deleted_at=None)
    deleted_ids = list(deleted.values_list("pk", flat=True))
    deleted.update(deleted_at=Now(), changed_at=Now())
    _number(_scenes(project))
    return deleted_ids


@dataclass(frozen=True)
class Switched:
    """What was given another model: the project itself, and scenes that have a model of their own, by their ids."""

    of_project: bool
    scenes: list[int]


@transaction.atomic
def switch_model(project_id: int, old: str, new: str, *, only: Switched | None = None) -> Switched:
    """Give what is set to the model `old` the model `new`; where `only` is given, nothing else."""
    project = _locked(project_id)
    scenes = project.scenes.filter(deleted_at=None, model_id=old)
    if only is not None:
        scenes = scenes.filter(pk__in=only.scenes)
    scene_ids = list(scenes.values_list("pk", flat=True))
    scenes.update(model_id=new, changed_at=Now())
    of_project = project.model_id == old and (only is None or only.of_project)
    if of_project:
        Project.objects.filter(pk=project_id).update(model_id=new)
        project.scenes.filter(deleted_at=None, model_id="").update(changed_at=Now())  # their prices
    return Switched(of_project, scene_ids)


@transaction.atomic
def restore(scene: Scene) -> None:
    """Bring a deleted scene back to where it was, as nearly as the storyboard still allows."""
    project = _locked(scene.project_id)
    scenes = _scenes(project)
    _make_room_in(scenes)
    if not Scene.objects.filter(pk=scene.pk).exclude(deleted_at=None).update(deleted_at=None, changed_at=Now()):
        return
    scenes.insert(min(scene.position - 1, len(scenes)), Scene.objects.get(pk=scene.pk))
    _number(scenes)


@transaction.atomic
def duplicate_project(project: Project, created_by: Any) -> Project:
    """A new project with the same scenes; takes stay with the original."""
    scenes = list(project.scenes.filter(deleted_at=None))
    copy = Project.objects.create(
        team=project.team,
        title=f"{project.title[:112]} (copy)",
        aspect_ratio=project.aspect_ratio,
        resolution=project.resolution,
        visual_style=project.visual_style,
        color_grading=project.color_grading,
        model_id=project.model_id,
        created_by=created_by,
    )
    copies = [_copy(scene, copy) for scene in scenes]
    for position, scene in enumerate(copies, start=1):
        scene.position = position
    Scene.objects.bulk_create(copies)
    copy_references(project, copy)
    for original, scene in zip(scenes, copies, strict=True):
        copy_references(original, scene)
    return copy
