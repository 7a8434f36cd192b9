"""What was done to many scenes at once, kept well enough to be taken back, and never at the cost of something newer.

The changes of an act, each of which may be missing: "deleted", the scenes' ids; "added", id and digest of each; "moved",
each scene with the one it stood behind before and after; "written", each field with its value before and after. A scene
that was moved again, a field that was written again and a new scene that has been worked on stay as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from projects import storyboard
from projects.models import Act, Project, Scene
from projects.storyboard import Move, Value, Written
from teams import activity
from teams.activity import counted
from teams.models import User, Verb

KEPT_FOR = timedelta(days=1)


@transaction.atomic
def remember(
    project: Project,
    member: User,
    *,
    deleted: Sequence[int] = (),
    added: Iterable[Scene] = (),
    moved: Iterable[Move] = (),
    written: Iterable[Written] = (),
) -> Act | None:
    """None where nothing was changed. What cannot have been meant to be undone any more is forgotten on the way."""
    Act.objects.filter(project=project, created_at__lt=Now() - KEPT_FOR).delete()
    changes: dict[str, list[Any]] = {
        "deleted": list(deleted),
        "added": [(scene.pk, scene.digest()) for scene in added],
        "moved": [astuple(move) for move in moved],
        "written": [(one.scene, one.field, _as_text(one.old), _as_text(one.new)) for one in written],
    }
    changes = {kind: rows for kind, rows in changes.items() if rows}
    if not changes:
        return None
    if what := _what(changes):
        activity.record(Verb.SCENES_CHANGED, member, what, project=project)
    return Act.objects.create(project=project, created_by=member, changes=changes)


def _what(changes: dict[str, list[Any]]) -> str:
    """What the team's log says of it; nothing of a single scene, and deletions are recorded where they are done."""
    touched = {kind: len({row[0] for row in changes.get(kind, [])}) for kind in ("written", "added", "moved")}
    if sum(touched.values()) < 2:
        return ""
    words = {"written": "", "added": "new: ", "moved": "the order of "}
    return ", ".join(words[kind] + counted(count, "scene") for kind, count in touched.items() if count)


@transaction.atomic
def take_back(act: Act, by: User | None = None) -> str:
    """What became of it, in words. Raises ValidationError where nothing could be taken back."""
    if not Act.objects.filter(pk=act.pk, undone_at=None).update(undone_at=Now()):
        raise ValidationError("This has been undone already.")
    changes = act.changes
    if moved := changes.get("moved"):
        storyboard.put_back(act.project_id, [Move(*move) for move in moved])
    if deleted := changes.get("deleted"):
        storyboard.restore_many(act.project_id, deleted, by)
    kept = _remove(act.project_id, changes.get("added", []), by)
    kept += _write_back(act.project_id, changes.get("written", []))
    if what := _what(changes):
        activity.record(Verb.CHANGES_UNDONE, by, what, project=act.project)
    if not kept:
        return "Undone."
    if not moved and not deleted and kept == len(changes.get("added", [])) + len(changes.get("written", [])):
        raise ValidationError("All of it has been changed since. Nothing was undone.")
    return f"Undone, but for {kept} that {'has' if kept == 1 else 'have'} been changed since."


def _remove(project_id: int, added: Sequence[tuple[int, str]], by: User | None) -> int:
    """Delete the new scenes that nobody has worked on; how many stay."""
    scenes = Scene.objects.for_cards().filter(project=project_id, deleted_at=None)
    now = scenes.in_bulk([scene_id for scene_id, _ in added])
    digests = dict(added)
    untouched = [pk for pk, scene in now.items() if scene.digest() == digests[pk] and not scene.latest_take]
    if untouched:
        storyboard.delete_many(project_id, untouched, by)
    return len(now) - len(untouched)


def _write_back(project_id: int, written: Sequence[tuple[int, str, str, str]]) -> int:
    """Give the fields that nobody has written since their old values; how many stay."""
    live = Scene.objects.select_for_update().filter(project=project_id, deleted_at=None)
    scenes = live.in_bulk([scene_id for scene_id, *_ in written])
    values: dict[int, dict[str, Value]] = {}
    for scene_id, field, old, new in written:
        scene = scenes.get(scene_id)
        if scene is not None and _as_text(getattr(scene, field)) == new:
            values.setdefault(scene_id, {})[field] = Decimal(old) if field == "duration" else old
    storyboard.write(project_id, values)
    return len(written) - sum(map(len, values.values()))


def _as_text(value: Value) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
