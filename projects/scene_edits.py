"""Writes to a whole storyboard: order, insertion, duplication, deletion, fields and style of many scenes.

Each takes the project's row lock first, so that concurrent changes apply one after the other. A move says "this scene goes
after that one", not "this is the new order": moves combine, and a stale page cannot lose another member's scene.
Functions with `by` record the change in the activity log; `by` is None for changes without a signed-in user.
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
SCENE_DELETED = "This scene has been deleted in the meantime."
SCENES_DELETED = "One of these scenes has been deleted in the meantime."


@dataclass(frozen=True)
class Move:
    """A scene that was moved: the ids of the scenes it followed `before` and follows `now`; None for the start."""

    scene: int
    before: int | None
    now: int | None


@dataclass(frozen=True)
class FieldChange:
    """A changed field of a scene, or of the project if `scene` is None."""

    scene: int | None
    field: str
    old: Value
    new: Value


def lock_project(project_id: int) -> Project:
    return Project.objects.select_for_update(no_key=True).get(pk=project_id)


def _renumber(scenes: Sequence[Scene]) -> None:
    # Write the positions 1, 2, 3 ... of scenes in this order; scenes that keep their position are not touched.
    moved = []
    for position, scene in enumerate(scenes, start=1):
        if scene.position != position:
            scene.position = position
            scene.changed_at = Now()
            moved.append(scene)
    Scene.objects.bulk_update(moved, ["position", "changed_at"])


def _load_order(project: Project) -> list[Scene]:
    return list(project.scenes.filter(deleted_at=None).order_by("position", "pk").only("position", "project"))


def _index_after(scenes: Sequence[Scene], after: int | None) -> int:
    if after is None:
        return 0
    for index, scene in enumerate(scenes):
        if scene.pk == after:
            return index + 1
    raise ValidationError("The scene to move after is no longer in this storyboard. This is the current order.")


def _require_room(scenes: Sequence[Scene], count: int) -> None:
    room = MAX_SCENES - len(scenes)
    if count > room:
        left = f"there is room for {room} more" if room > 0 else "this one is full"
        raise ValidationError(
            f"A storyboard can have up to {MAX_SCENES} scenes; {left}. Start another project for the rest."
        )


def add(scene: Scene, *, after: int | None = None) -> Scene:
    """Save a new scene after the scene with the id `after`, or at the end."""
    return add_many(scene.project_id, [scene], after=after)[0]


@transaction.atomic
def add_many(project_id: int, added: Sequence[Scene], *, after: int | None = None) -> list[Scene]:
    """Save new scenes, in this order, after the scene with the id `after` or at the end.

    Raises ValidationError if that scene is gone or the storyboard has no room for all of them.
    """
    scenes = _load_order(lock_project(project_id))
    _require_room(scenes, len(added))
    index = len(scenes) if after is None else _index_after(scenes, after)
    for position, scene in enumerate(added, start=index + 1):
        scene.position = position
    saved = Scene.objects.bulk_create(added)
    scenes[index:index] = saved
    _renumber(scenes)
    return saved


def move(scene: Scene, *, after: int | None) -> list[Move]:
    """Move the scene after the scene with the id `after`, or to the start if it is None."""
    return move_many(scene.project_id, [scene.pk], after=after)


@transaction.atomic
def move_many(project_id: int, scene_ids: Collection[int], *, after: int | None) -> list[Move]:
    """Move the scenes, keeping their relative order, after the scene with the id `after`, or to the start if it is None.

    Returns no moves if the order stays the same. Raises ValidationError if one of the scenes is gone.
    """
    scenes = _load_order(lock_project(project_id))
    moving = _find_scenes(scenes, scene_ids)
    order = [scene for scene in scenes if scene not in moving]
    index = _index_after(order, after)
    return _rearrange(scenes, moving, [*order[:index], *moving, *order[index:]])


@transaction.atomic
def move_by(scene: Scene, by: int) -> list[Move]:
    """Move the scene `by` positions towards the end, or the start if negative; it stops at either."""
    scenes = _load_order(lock_project(scene.project_id))
    moving = _find_scenes(scenes, [scene.pk])
    order = [other for other in scenes if other.pk != scene.pk]
    order.insert(max(0, min(len(order), scenes.index(moving[0]) + by)), moving[0])
    return _rearrange(scenes, moving, order)


@transaction.atomic
def restore_order(project_id: int, moves: Sequence[Move]) -> None:
    """Undo moves. Raises ValidationError, and changes nothing, if one of the scenes has been moved again."""
    scenes = _load_order(lock_project(project_id))
    predecessors = _predecessors(scenes)
    if any(move.scene not in predecessors or predecessors[move.scene] != move.now for move in moves):
        raise ValidationError("The order has changed since. Nothing was undone.")
    moving = {scene.pk: scene for scene in _find_scenes(scenes, [move.scene for move in moves])}
    order = [scene for scene in scenes if scene.pk not in moving]
    for move in moves:
        order.insert(_index_after(order, move.before), moving[move.scene])
    _renumber(order)


def _find_scenes(scenes: Sequence[Scene], scene_ids: Collection[int]) -> list[Scene]:
    # The scenes with these ids, in the order of the storyboard.
    wanted = set(scene_ids)
    selected = [scene for scene in scenes if scene.pk in wanted]
    if len(selected) < len(wanted):
        raise ValidationError(SCENE_DELETED if len(scene_ids) == 1 else SCENES_DELETED)
    return selected


def _predecessors(scenes: Sequence[Scene]) -> dict[int, int | None]:
    # The id of the scene before each scene, by the scene's id; None for the first.
    order = [scene.pk for scene in scenes]
    return dict(zip(order, [None, *order], strict=False))


def _rearrange(scenes: Sequence[Scene], moving: Sequence[Scene], order: Sequence[Scene]) -> list[Move]:
    before, now = _predecessors(scenes), _predecessors(order)
    _renumber(order)
    return [Move(scene.pk, before[scene.pk], now[scene.pk]) for scene in moving] if before != now else []


@transaction.atomic
def write_fields(
    project_id: int, values: Mapping[int, Mapping[str, Value]], *, of_project: Mapping[str, Value] = {}
) -> list[FieldChange]:
    """Write fields of scenes, by the scene's id, and of the project. Returns the fields whose value changed.

    Other fields are not written. Raises ValidationError if one of the scenes is gone.
    """
    project = lock_project(project_id)
    scenes = project.scenes.select_for_update(no_key=True).filter(deleted_at=None).in_bulk(list(values))
    if len(scenes) < len(values):
        raise ValidationError(SCENES_DELETED)
    return _write_project_fields(project, of_project) + _write_scene_fields(scenes, values)


def _write_project_fields(project: Project, values: Mapping[str, Value]) -> list[FieldChange]:
    changes = _find_changes(None, project, values)
    if changes:
        Project.objects.filter(pk=project.pk).update(**{change.field: change.new for change in changes})
        # Previz pictures, stale marks and prices of every scene depend on the project.
        project.scenes.filter(deleted_at=None).update(changed_at=Now())
    return changes


def _write_scene_fields(scenes: Mapping[int, Scene], values: Mapping[int, Mapping[str, Value]]) -> list[FieldChange]:
    changes: list[FieldChange] = []
    scenes_by_field: dict[str, list[Scene]] = {}
    for pk, scene in scenes.items():
        for change in _find_changes(pk, scene, values[pk]):
            changes.append(change)
            setattr(scene, change.field, change.new)
            scene.changed_at = Now()
            scenes_by_field.setdefault(change.field, []).append(scene)
    for field, changed in scenes_by_field.items():
        Scene.objects.bulk_update(changed, [field, "changed_at"])
    return changes


def _find_changes(scene_id: int | None, row: Scene | Project, values: Mapping[str, Value]) -> list[FieldChange]:
    return [
        FieldChange(scene_id, field, old, new) for field, new in values.items() if (old := getattr(row, field)) != new
    ]


def find_style_changes(scene: Scene, values: Mapping[str, str], *, only_empty: bool) -> dict[str, str]:
    """The values that differ from the scene's own; with `only_empty`, only those of fields that are empty."""
    before = {name: getattr(scene, name) for name in values}
    return {
        name: value for name, value in values.items() if before[name] != value and not (only_empty and before[name])
    }


@transaction.atomic
def apply_style(
    project_id: int, ids: Collection[int], values: Mapping[str, str], *, only_empty: bool
) -> list[FieldChange]:
    """Set these fields of the scenes; with `only_empty`, only fields that are empty. Skips deleted scenes."""
    scenes = lock_project(project_id).scenes.select_for_update(no_key=True).filter(deleted_at=None).in_bulk(list(ids))
    return _write_scene_fields(
        scenes, {pk: find_style_changes(scene, values, only_empty=only_empty) for pk, scene in scenes.items()}
    )


@transaction.atomic
def switch_model(project_id: int, old: str, new: str) -> list[FieldChange]:
    """Replace the model `old` by `new` in the project and in the scenes that choose `old` themselves."""
    project = lock_project(project_id)
    scene_ids = project.scenes.filter(deleted_at=None, model_id=old).values_list("pk", flat=True)
    of_project = {"model_id": new} if project.model_id == old else {}
    return write_fields(project_id, {pk: {"model_id": new} for pk in scene_ids}, of_project=of_project)


def duplicate(scene: Scene) -> Scene:
    """Insert a copy after the original, with its pictures and without its takes."""
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
    """Returns the ids of the scenes that were not deleted before."""
    project = lock_project(project_id)
    deleted = project.scenes.filter(pk__in=scene_ids, deleted_at=None)
    titles = dict(deleted.values_list("pk", "title"))
    deleted.update(deleted_at=Now(), changed_at=Now())
    _renumber(_load_order(project))
    if titles:
        activity.record(Verb.SCENES_DELETED, by, _describe_scenes(list(titles.values())), project=project)
    return list(titles)


def _describe_scenes(titles: Sequence[str]) -> str:
    return f"scene “{titles[0]}”" if len(titles) == 1 else count_noun(len(titles), "scene")


@transaction.atomic
def restore(scene: Scene, by: User | None = None) -> None:
    """Restore a deleted scene as close to its old position as possible. Does nothing if it is not deleted."""
    restore_many(scene.project_id, [scene.pk], by)


@transaction.atomic
def restore_many(project_id: int, scene_ids: Collection[int], by: User | None = None) -> None:
    project = lock_project(project_id)
    scenes = _load_order(project)
    deleted = list(project.scenes.filter(pk__in=scene_ids).exclude(deleted_at=None).order_by("position", "pk"))
    _require_room(scenes, len(deleted))
    Scene.objects.filter(pk__in=[scene.pk for scene in deleted]).update(deleted_at=None, changed_at=Now())
    # A deleted scene keeps the position it had, so inserting the lowest first restores the old order.
    for scene in deleted:
        scenes.insert(min(scene.position - 1, len(scenes)), scene)
    _renumber(scenes)
    if deleted:
        activity.record(Verb.SCENES_RESTORED, by, _describe_scenes([scene.title for scene in deleted]), project=project)


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
    """A new project with the same scenes and pictures; takes stay with the original."""
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
    originals = Reference.objects.filter(project=project, scene__deleted_at=None)
    copy_references(originals, copy, {scene.pk: copied for scene, copied in zip(scenes, copies, strict=True)})
    activity.record(Verb.PROJECT_CREATED, created_by, f"as a copy of “{project.title}”", project=copy)
    return copy
