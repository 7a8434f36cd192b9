"""What was done to a storyboard, kept well enough to be taken back, and never at the cost of something newer.

The changes of an act, each of which may be missing: "deleted", the scenes' ids; "added", id and state of each; "moved",
each scene with the one it stood behind before and after; "written", each field with its value before and after, of a scene
or of the project; "pictures", each with the frame whose place it took. A scene that was moved again, a field that was
written again, a picture that is gone and a new scene that has been worked on stay as they are now.
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
from projects import references, storyboard
from projects.edit_conflicts import digest_value, form_text
from projects.models import Project, Reference, Scene, UndoEntry
from projects.storyboard import FieldChange, Move, Value
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
    put: Iterable[tuple[Reference, Reference | None]] = (),
) -> UndoEntry | None:
    """None where nothing was changed; else it stands in the team's log, as `what` where that says more than numbers do.

    What cannot have been meant to be undone any more is forgotten on the way.
    """
    UndoEntry.objects.filter(project=project, created_at__lt=Now() - KEPT_FOR).delete()
    changes: dict[str, list[Any]] = {
        "deleted": list(deleted),
        "added": _states([scene.pk for scene in added]),
        "moved": [astuple(move) for move in moved],
        "written": [(one.scene, one.field, _as_text(one.old), _as_text(one.new)) for one in written],
        "pictures": [(picture.pk, before.pk if before else None) for picture, before in put],
    }
    changes = {kind: rows for kind, rows in changes.items() if rows}
    if not changes:
        return None
    what = what or _summarize(changes)
    if what:
        activity.record(verb, member, what, project=project)
    return UndoEntry.objects.create(project=project, created_by=member, what=what, changes=changes)


def _summarize(changes: dict[str, list[Any]]) -> str:
    """Nothing of a single scene, and nothing of deletions, which are recorded where they are done."""
    touched = {kind: len({row[0] for row in changes.get(kind, [])}) for kind in ("written", "added", "moved")}
    if sum(touched.values()) < 2:
        return ""
    words = {"written": "", "added": "new: ", "moved": "the order of "}
    return ", ".join(words[kind] + count_noun(count, "scene") for kind, count in touched.items() if count)


def _states(scene_ids: Sequence[int]) -> list[tuple[int, str]]:
    scenes = Scene.objects.prefetch_related("references").filter(pk__in=scene_ids)
    return [(scene.pk, _state_of(scene)) for scene in scenes]


def _state_of(scene: Scene) -> str:
    """Another one once somebody has written anything in the scene or given it a picture."""
    written = [form_text(getattr(scene, name)) for name in Scene.OWN_FIELDS]
    given = [picture.pk for picture in scene.references.all() if not picture.deleted_at]
    return digest_value(json.dumps([written, given]))


@transaction.atomic
def undo_entry(act: UndoEntry, by: User | None = None, *, find_used: Callable[[Iterable[int]], set[int]]) -> str:
    """What became of it, in words. Raises ValidationError where nothing could be taken back.

    `find_used` picks from scene ids those that must stay, such as scenes with takes; it is called under the project's lock.
    """
    project = storyboard.lock_project(act.project_id)  # before any of its scenes, as every other write does
    if not UndoEntry.objects.filter(pk=act.pk, undone_at=None).update(undone_at=Now()):
        raise ValidationError("This has been undone already.")
    moved, deleted = act.changes.get("moved"), act.changes.get("deleted")
    if moved:
        storyboard.restore_order(project.pk, [Move(*move) for move in moved])
    if deleted:
        storyboard.restore_many(project.pk, deleted, by)
    added, written, put = (act.changes.get(kind, []) for kind in ("added", "written", "pictures"))
    kept = _remove(project, added, by, find_used) + _write_back(project, written) + _remove_pictures(project, put)
    if act.what:
        activity.record(Verb.CHANGES_UNDONE, by, act.what, project=project)
    if not kept:
        return "Undone."
    if not moved and not deleted and kept == len(added) + len(written) + len(put):
        raise ValidationError("All of it has been changed since. Nothing was undone.")
    return f"Undone, but for {kept} that {'has' if kept == 1 else 'have'} been changed since."


def _remove(
    project: Project, added: Sequence[tuple[int, str]], by: User | None, find_used: Callable[[Iterable[int]], set[int]]
) -> int:
    """Delete the new scenes that nobody has worked on; how many stay."""
    live = project.scenes.select_for_update(no_key=True).filter(deleted_at=None).prefetch_related("references")
    now = live.in_bulk([scene_id for scene_id, _ in added])
    states = dict(added)
    used = find_used(now)
    untouched = [pk for pk, scene in now.items() if _state_of(scene) == states[pk] and pk not in used]
    if untouched:
        storyboard.delete_many(project.pk, untouched, by)
    return len(now) - len(untouched)


def _write_back(project: Project, written: Sequence[tuple[int | None, str, str, str]]) -> int:
    """Give the fields that nobody has written since their old values; how many stay."""
    live = project.scenes.select_for_update(no_key=True).filter(deleted_at=None)
    scenes = live.in_bulk([scene_id for scene_id, *_ in written if scene_id])
    values: dict[int, dict[str, Value]] = {}
    of_project: dict[str, Value] = {}
    for scene_id, field, old, new in written:
        row = scenes.get(scene_id) if scene_id else project
        if row is not None and _as_text(getattr(row, field)) == new:
            fields = values.setdefault(scene_id, {}) if scene_id else of_project
            fields[field] = Decimal(old) if field == "duration" else old
    storyboard.write_fields(project.pk, values, of_project=of_project)
    return len(written) - len(of_project) - sum(map(len, values.values()))


def _remove_pictures(project: Project, put: Sequence[tuple[int, int | None]]) -> int:
    """Remove the pictures that are still there, and bring back the frames whose place they took; how many are gone."""
    rows = project.references.filter(scene__deleted_at=None).in_bulk([pk for pair in put for pk in pair if pk])
    there = [(rows[pk], before) for pk, before in put if pk in rows and not rows[pk].deleted_at]
    for picture, before in there:
        references.undo_add(picture, rows.get(before) if before else None)
    return len(put) - len(there)


def _as_text(value: Value) -> str:
    return format_number(value) if isinstance(value, Decimal) else value
