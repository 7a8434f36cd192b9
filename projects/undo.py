"""Undo for changes to a storyboard. Never overwrites anything newer.

The keys of `UndoEntry.changes`, all optional:

- "deleted": ids of scenes
- "added": (scene id, digest of its content) of each new scene
- "moved": the fields of `Move`
- "written": (scene id or None for the project, field, old value, new value), values as text
- "pictures": (picture id, id of the frame it replaced or None)

A scene that was moved again, a field that was written again, a removed picture and a new scene that has been edited since
stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from core.numbers import format_number
from core.plurals import count_noun
from projects import references, scene_edits
from projects.edit_conflicts import digest_value, form_text
from projects.models import Project, Reference, Scene, UndoEntry
from projects.scene_edits import FieldChange, Move, Value
from teams import activity
from teams.models import User, Verb

KEPT_FOR = timedelta(days=1)


@transaction.atomic
def record_change(
    project: Project,
    member: User,
    *,
    verb: Verb = Verb.SCENES_CHANGED,
    what: str = "",
    deleted: Sequence[int] = (),
    added: Iterable[Scene] = (),
    moved: Iterable[Move] = (),
    written: Iterable[FieldChange] = (),
    pictures: Iterable[tuple[Reference, Reference | None]] = (),
) -> UndoEntry | None:
    """Store an undo entry and log it as `what`, or as counts without one. Returns None if nothing changed.

    Also deletes the project's entries older than a day. Pictures are pairs of a new one and the frame it replaced.
    """
    UndoEntry.objects.filter(project=project, created_at__lt=Now() - KEPT_FOR).delete()
    changes: dict[str, list[Any]] = {
        "deleted": list(deleted),
        "added": _content_digests([scene.pk for scene in added]),
        "moved": [astuple(move) for move in moved],
        "written": [(change.scene, change.field, _to_text(change.old), _to_text(change.new)) for change in written],
        "pictures": [(picture.pk, replaced.pk if replaced else None) for picture, replaced in pictures],
    }
    changes = {kind: rows for kind, rows in changes.items() if rows}
    if not changes:
        return None
    what = what or _summarize(changes)
    if what:
        activity.record(verb, member, what, project=project)
    return UndoEntry.objects.create(project=project, created_by=member, what=what, changes=changes)


def _summarize(changes: dict[str, list[Any]]) -> str:
    # Counts for the activity log; empty for a single scene, and for deletions, which `delete_many` logs itself.
    counts = {kind: len({row[0] for row in changes.get(kind, [])}) for kind in ("written", "added", "moved")}
    if sum(counts.values()) < 2:
        return ""
    prefixes = {"written": "", "added": "new: ", "moved": "the order of "}
    return ", ".join(prefixes[kind] + count_noun(count, "scene") for kind, count in counts.items() if count)


def _content_digests(scene_ids: Sequence[int]) -> list[tuple[int, str]]:
    scenes = Scene.objects.prefetch_related("references").filter(pk__in=scene_ids)
    return [(scene.pk, _content_digest(scene)) for scene in scenes]


def _content_digest(scene: Scene) -> str:
    # Changes with every edited field and every picture of the scene.
    values = [form_text(getattr(scene, name)) for name in Scene.OWN_FIELDS]
    pictures = [picture.pk for picture in scene.references.all() if not picture.deleted_at]
    return digest_value(json.dumps([values, pictures]))


@transaction.atomic
def undo_entry(entry: UndoEntry, by: User | None = None, *, find_used: Callable[[Iterable[int]], set[int]]) -> str:
    """Undo what has not changed since, at most once. Returns a sentence for the person.

    Raises ValidationError if it was undone before or nothing could be undone. `find_used` returns the scene ids that must
    stay, such as scenes with takes; it is called under the project's lock.
    """
    # The project before its scenes, as in every other write: the opposite order could deadlock.
    project = scene_edits.lock_project(entry.project_id)
    if not UndoEntry.objects.filter(pk=entry.pk, undone_at=None).update(undone_at=Now()):
        raise ValidationError("This has already been undone.")
    moved, deleted = entry.changes.get("moved"), entry.changes.get("deleted")
    if moved:
        scene_edits.restore_order(project.pk, [Move(*move) for move in moved])
    if deleted:
        scene_edits.restore_many(project.pk, deleted, by)
    added, written, pictures = (entry.changes.get(kind, []) for kind in ("added", "written", "pictures"))
    kept = _remove_added(project, added, by, find_used) + _restore_fields(project, written)
    kept += _undo_pictures(project, pictures)
    if entry.what:
        activity.record(Verb.CHANGES_UNDONE, by, entry.what, project=project)
    if not kept:
        return "Undone."
    if not moved and not deleted and kept == len(added) + len(written) + len(pictures):
        raise ValidationError("Everything has changed since. Nothing was undone.")
    return f"Undone. {count_noun(kept, 'newer change')} kept."


def _remove_added(
    project: Project, added: Sequence[tuple[int, str]], by: User | None, find_used: Callable[[Iterable[int]], set[int]]
) -> int:
    """Delete the new scenes that have not been edited since. Returns how many stay."""
    live = project.scenes.select_for_update(no_key=True).filter(deleted_at=None).prefetch_related("references")
    scenes = live.in_bulk([scene_id for scene_id, _ in added])
    digests = dict(added)
    used = find_used(scenes)
    untouched = [pk for pk, scene in scenes.items() if _content_digest(scene) == digests[pk] and pk not in used]
    if untouched:
        scene_edits.delete_many(project.pk, untouched, by)
    return len(scenes) - len(untouched)


def _restore_fields(project: Project, written: Sequence[tuple[int | None, str, str, str]]) -> int:
    """Restore the old values of fields that have not been written since. Returns how many stay."""
    live = project.scenes.select_for_update(no_key=True).filter(deleted_at=None)
    scenes = live.in_bulk([scene_id for scene_id, *_ in written if scene_id])
    values: dict[int, dict[str, Value]] = {}
    of_project: dict[str, Value] = {}
    for scene_id, field, old, new in written:
        row = scenes.get(scene_id) if scene_id else project
        if row is not None and _to_text(getattr(row, field)) == new:
            fields = values.setdefault(scene_id, {}) if scene_id else of_project
            fields[field] = Decimal(old) if field == "duration" else old
    scene_edits.write_fields(project.pk, values, of_project=of_project)
    return len(written) - len(of_project) - sum(map(len, values.values()))


def _undo_pictures(project: Project, pairs: Sequence[tuple[int, int | None]]) -> int:
    """Remove the pictures that are still there and restore the frames they replaced. Returns how many were gone."""
    rows = project.references.filter(scene__deleted_at=None).in_bulk([pk for pair in pairs for pk in pair if pk])
    present = [(rows[pk], replaced) for pk, replaced in pairs if pk in rows and not rows[pk].deleted_at]
    for picture, replaced in present:
        references.undo_add(picture, rows.get(replaced) if replaced else None)
    return len(pairs) - len(present)


def _to_text(value: Value) -> str:
    return format_number(value) if isinstance(value, Decimal) else value
