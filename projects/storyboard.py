"""Writes that touch a whole storyboard: order, insertion, duplication, deletion, fields and style of many scenes.

Each holds a lock on the project, so two people who rearrange one storyboard at once both get their way, one after the
other. Moves say "this scene goes behind that one" rather than "this is the new order": they can be combined, and a stale
page cannot lose somebody else's scene. What is worth knowing later is recorded as done by `by`, who is None where nobody
signed in is behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from core.plurals import count_noun
from projects.models import Project, Reference, Scene
from projects.references import copy_references
from teams import activity
from teams.models import User, Verb

MAX_SCENES = 500
Value = str | Decimal
GONE = "This scene has been deleted in the meantime."


@dataclass(frozen=True)
class Move:
    """A scene that was put elsewhere: the ids of the scenes it stood behind before, and stands behind now."""

    scene: int
    before: int | None
    now: int | None


@dataclass(frozen=True)
class FieldChange:
    """A field that was given another value: of a scene, or where that is None of the project itself."""

    scene: int | None
    field: str
    old: Value
    new: Value


def lock_project(project_id: int) -> Project:
    return Project.objects.select_for_update(no_key=True).get(pk=project_id)


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


def _make_room_in(scenes: Sequence[Scene], count: int) -> None:
    room = MAX_SCENES - len(scenes)
    if count > room:
        left = f"there is room for {room} more" if room > 0 else "it is full"
        raise ValidationError(
            f"A storyboard holds at most {MAX_SCENES} scenes; {left}. Start another project for the rest."
        )


def add(scene: Scene, *, after: int | None = None) -> Scene:
    """Save a new scene behind the scene with the id `after`, or at the end."""
    return add_many(scene.project_id, [scene], after=after)[0]


@transaction.atomic
def add_many(project_id: int, added: Sequence[Scene], *, after: int | None = None) -> list[Scene]:
    """Save new scenes in their order, behind the scene with the id `after` or at the end."""
    scenes = _scenes(lock_project(project_id))
    _make_room_in(scenes, len(added))
    index = len(scenes) if after is None else _index_behind(scenes, after)
    for position, scene in enumerate(added, start=index + 1):
        scene.position = position
    saved = Scene.objects.bulk_create(added)
    scenes[index:index] = saved
    _number(scenes)
    return saved


def move(scene: Scene, *, after: int | None) -> list[Move]:
    """Put the scene behind the scene with the id `after`, or first when it is None."""
    return move_many(scene.project_id, [scene.pk], after=after)


@transaction.atomic
def move_many(project_id: int, scene_ids: Collection[int], *, after: int | None) -> list[Move]:
    """Put the scenes, in the order they have, behind the scene with the id `after`, or first when it is None."""
    scenes = _scenes(lock_project(project_id))
    moving = _find_scenes(scenes, scene_ids)
    order = [scene for scene in scenes if scene not in moving]
    index = _index_behind(order, after)
    return _rearrange(scenes, moving, [*order[:index], *moving, *order[index:]])


@transaction.atomic
def move_by(scene: Scene, by: int) -> list[Move]:
    """Move the scene `by` places towards the end (or the start, when negative), as far as there are places."""
    scenes = _scenes(lock_project(scene.project_id))
    moving = _find_scenes(scenes, [scene.pk])
    order = [other for other in scenes if other.pk != scene.pk]
    order.insert(max(0, min(len(order), scenes.index(moving[0]) + by)), moving[0])
    return _rearrange(scenes, moving, order)


@transaction.atomic
def restore_order(project_id: int, moves: Sequence[Move]) -> None:
    """Undo moves, unless one of the scenes has been put elsewhere since."""
    scenes = _scenes(lock_project(project_id))
    behind = _behind(scenes)
    if any(move.scene not in behind or behind[move.scene] != move.now for move in moves):
        raise ValidationError("The order has been changed since. Nothing was undone.")
    moving = {scene.pk: scene for scene in _find_scenes(scenes, [move.scene for move in moves])}
    order = [scene for scene in scenes if scene.pk not in moving]
    for move in moves:
        order.insert(_index_behind(order, move.before), moving[move.scene])
    _number(order)


def _find_scenes(scenes: Sequence[Scene], scene_ids: Collection[int]) -> list[Scene]:
    """The scenes with these ids, in the order of the storyboard."""
    found = [scene for scene in scenes if scene.pk in set(scene_ids)]
    if len(found) < len(set(scene_ids)):
        raise ValidationError(GONE if len(scene_ids) == 1 else "One of these scenes has been deleted in the meantime.")
    return found


def _behind(scenes: Sequence[Scene]) -> dict[int, int | None]:
    """By the id of each scene, the id of the one it stands behind."""
    order = [scene.pk for scene in scenes]
    return dict(zip(order, [None, *order], strict=False))


def _rearrange(scenes: Sequence[Scene], moving: Sequence[Scene], order: Sequence[Scene]) -> list[Move]:
    before, now = _behind(scenes), _behind(order)
    _number(order)
    return [Move(scene.pk, before[scene.pk], now[scene.pk]) for scene in moving] if before != now else []


@transaction.atomic
def write_fields(
    project_id: int, values: Mapping[int, Mapping[str, Value]], *, of_project: Mapping[str, Value] = {}
) -> list[FieldChange]:
    """Give fields of scenes, by the scene's id, and of the project new values; what differed before.

    Nothing but these fields is written.
    """
    project = lock_project(project_id)
    scenes = project.scenes.select_for_update(no_key=True).filter(deleted_at=None).in_bulk(list(values))
    if len(scenes) < len(values):
        raise ValidationError("One of these scenes has been deleted in the meantime.")
    return _write_project(project, of_project) + _write_scenes(scenes, values)


def _write_project(project: Project, values: Mapping[str, Value]) -> list[FieldChange]:
    written = _find_changes(None, project, values)
    if written:
        Project.objects.filter(pk=project.pk).update(**{one.field: one.new for one in written})
        project.scenes.filter(deleted_at=None).update(
            changed_at=Now()
        )  # what their sketches, takes and prices depend on
    return written


def _write_scenes(scenes: Mapping[int, Scene], values: Mapping[int, Mapping[str, Value]]) -> list[FieldChange]:
    written: list[FieldChange] = []
    changed: dict[str, list[Scene]] = {}
    for pk, scene in scenes.items():
        for one in _find_changes(pk, scene, values[pk]):
            written.append(one)
            setattr(scene, one.field, one.new)
            scene.changed_at = Now()
            changed.setdefault(one.field, []).append(scene)
    for field, rows in changed.items():
        Scene.objects.bulk_update(rows, [field, "changed_at"])
    return written


def _find_changes(scene_id: int | None, row: Scene | Project, values: Mapping[str, Value]) -> list[FieldChange]:
    return [
        FieldChange(scene_id, field, old, new) for field, new in values.items() if (old := getattr(row, field)) != new
    ]


def style_changes(scene: Scene, values: Mapping[str, str], *, only_empty: bool) -> dict[str, str]:
    """The values that would change the scene."""
    before = {name: getattr(scene, name) for name in values}
    return {
        name: value for name, value in values.items() if before[name] != value and not (only_empty and before[name])
    }


@transaction.atomic
def apply_style(
    project_id: int, ids: Collection[int], values: Mapping[str, str], *, only_empty: bool
) -> list[FieldChange]:
    """Set these fields of those of the scenes that are still there; with `only_empty` where they say nothing yet."""
    scenes = lock_project(project_id).scenes.select_for_update(no_key=True).filter(deleted_at=None).in_bulk(list(ids))
    return _write_scenes(
        scenes, {pk: style_changes(scene, values, only_empty=only_empty) for pk, scene in scenes.items()}
    )


@transaction.atomic
def switch_model(project_id: int, old: str, new: str) -> list[FieldChange]:
    """Give what is set to the model `old` the model `new`: scenes that have a model of their own, and the project itself."""
    project = lock_project(project_id)
    scene_ids = project.scenes.filter(deleted_at=None, model_id=old).values_list("pk", flat=True)
    of_project = {"model_id": new} if project.model_id == old else {}
    return write_fields(project_id, {pk: {"model_id": new} for pk in scene_ids}, of_project=of_project)


def duplicate(scene: Scene) -> Scene:
    """A copy right behind the original, without its takes."""
    with transaction.atomic():
        copy = add(_copy(scene, scene.project), after=scene.pk)
        copy_references(Reference.objects.filter(scene=scene), scene.project, {scene.pk: copy})
    return copy


def _copy(scene: Scene, project: Project) -> Scene:
    return Scene(project=project, **{name: getattr(scene, name) for name in Scene.OWN_FIELDS})


def delete(scene: Scene, by: User | None = None) -> None:
    delete_many(scene.project_id, [scene.pk], by)


@transaction.atomic
def delete_many(project_id: int, scene_ids: Collection[int], by: User | None = None) -> list[int]:
    """The ids of those that were not deleted before."""
    project = lock_project(project_id)
    deleted = project.scenes.filter(pk__in=scene_ids, deleted_at=None)
    titles = dict(deleted.values_list("pk", "title"))
    deleted.update(deleted_at=Now(), changed_at=Now())
    _number(_scenes(project))
    if titles:
        activity.record(Verb.SCENES_DELETED, by, _named(list(titles.values())), project=project)
    return list(titles)


def _named(titles: Sequence[str]) -> str:
    return f"scene “{titles[0]}”" if len(titles) == 1 else count_noun(len(titles), "scene")


@transaction.atomic
def restore(scene: Scene, by: User | None = None) -> None:
    """Bring a deleted scene back to where it was, as nearly as the storyboard still allows."""
    restore_many(scene.project_id, [scene.pk], by)


@transaction.atomic
def restore_many(project_id: int, scene_ids: Collection[int], by: User | None = None) -> None:
    """Like `restore`. Deleting leaves a scene the place it had, so the first of them takes its own again, then the next."""
    project = lock_project(project_id)
    scenes = _scenes(project)
    deleted = list(project.scenes.filter(pk__in=scene_ids).exclude(deleted_at=None).order_by("position", "pk"))
    _make_room_in(scenes, len(deleted))
    Scene.objects.filter(pk__in=[scene.pk for scene in deleted]).update(deleted_at=None, changed_at=Now())
    for scene in deleted:
        scenes.insert(min(scene.position - 1, len(scenes)), scene)
    _number(scenes)
    if deleted:
        activity.record(Verb.SCENES_RESTORED, by, _named([scene.title for scene in deleted]), project=project)


@transaction.atomic
def delete_project(project_id: int, by: User) -> None:
    project = lock_project(project_id)
    if project.deleted_at is None:
        Project.objects.filter(pk=project_id).update(deleted_at=Now())
        activity.record(Verb.PROJECT_DELETED, by, project=project)


@transaction.atomic
def restore_project(project_id: int, by: User) -> None:
    project = lock_project(project_id)
    if project.deleted_at is not None:
        Project.objects.filter(pk=project_id).update(deleted_at=None)
        activity.record(Verb.PROJECT_RESTORED, by, project=project)


@transaction.atomic
def duplicate_project(project: Project, created_by: Any) -> Project:
    """A new project with the same scenes; takes stay with the original."""
    scenes = list(lock_project(project.pk).scenes.filter(deleted_at=None))
    copy = Project.objects.create(
        team=project.team,
        title=f"{project.title[:112]} (copy)",
        aspect_ratio=project.aspect_ratio,
        resolution=project.resolution,
        **{name: getattr(project, name) for name in Project.STYLE_FIELDS},
        model_id=project.model_id,
        created_by=created_by,
    )
    copies = [_copy(scene, copy) for scene in scenes]
    for position, scene in enumerate(copies, start=1):
        scene.position = position
    Scene.objects.bulk_create(copies)
    shown = Reference.objects.filter(project=project, scene__deleted_at=None)
    copy_references(shown, copy, {scene.pk: its_copy for scene, its_copy in zip(scenes, copies, strict=True)})
    activity.record(Verb.PROJECT_CREATED, created_by, f"as a copy of “{project.title}”", project=copy)
    return copy
