"""Select, annotate, delete and restore takes. Nothing here changes a status.

Deleting only hides a take: its row, number and cost stay for good, for the ledger and the costs page, and its files until
the trash is emptied, for Undo.
Writes hold the project's lock, as starting a take does, so that a selection and a delete cannot cross.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from core.plurals import count_noun
from generation.models import Generation, Job, select_newest, select_take
from generation.models.generation import NOTE_LENGTH
from generation.states import Status
from projects.models import Project
from teams import activity
from teams.models import User, Verb


@transaction.atomic
def select(take: Generation, by: User | None = None) -> None:
    """Make it the take that goes into the film. Raises ValidationError if it is not finished, or was deleted meanwhile."""
    _lock(take)
    if not Generation.objects.live().done().filter(pk=take.pk).exists():
        raise ValidationError("Only finished takes can be selected.")
    if not Generation.objects.filter(pk=take.pk, is_selected=True).exists():
        _record(Verb.TAKE_SELECTED, take, by)
    select_take(take.scene_id, take, by_member=True)


@transaction.atomic
def select_instead(project: Project, pairs: Iterable[tuple[int, int]], by: User | None = None) -> list[tuple[int, int]]:
    """Select takes in place of others; pairs of their ids. Returns the pairs that were changed.

    Skips a pair whose second take is no longer the selected one, or whose first is not finished.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    wanted = dict(pairs)
    takes = Generation.objects.live().filter(scene__project=project, scene__deleted_at=None)
    finished = takes.done().in_bulk(list(wanted))
    replaced = takes.filter(is_selected=True).in_bulk(list(wanted.values()))
    changed = [
        (pk, old)
        for pk, old in wanted.items()
        if pk in finished and old in replaced and finished[pk].scene_id == replaced[old].scene_id
    ]
    for pk, _ in changed:
        select_take(finished[pk].scene_id, finished[pk], by_member=True)
    if changed:
        activity.record(Verb.TAKE_SELECTED, by, count_noun(len(changed), "take"), project=project)
    return changed


def annotate(take: Generation, note: str) -> None:
    """Raises ValidationError for a note that is too long or has null characters."""
    note = note.strip().replace("\r\n", "\n")
    ProhibitNullCharactersValidator()(note)
    if len(note) > NOTE_LENGTH:
        raise ValidationError(f"Notes can have up to {NOTE_LENGTH:,} characters; this one has {len(note):,}.")
    _change(Generation.objects.live().filter(pk=take.pk).exclude(note=note), note=note)


@transaction.atomic
def delete(take: Generation, by: User | None = None) -> bool:
    """Hide the take. Returns whether it was selected; the newest finished take is then selected in its place.

    Raises ValidationError while it is in progress or needs review. A second call changes nothing.
    """
    _lock(take)
    current = Generation.objects.get(pk=take.pk)
    if current.is_active:
        raise ValidationError(f"Take {take.number} is in progress. Cancel it before you delete it.")
    if current.status == Status.UNKNOWN:
        raise ValidationError(f"Take {take.number} needs review. Resolve it before you delete it.")
    if not _change(Generation.objects.live().filter(pk=take.pk), deleted_at=Now()):
        return False
    _record(Verb.TAKE_DELETED, take, by)
    was_selected = current.is_selected
    if was_selected:
        select_take(take.scene_id, Generation.objects.live().done().filter(scene=take.scene_id).last())
    return was_selected


@transaction.atomic
def restore(take: Generation, by: User | None = None, *, selected: bool = False) -> None:
    """Undo `delete`. `selected` says that the take was selected before. A second call changes nothing.

    Raises ValidationError once the trash was emptied.
    """
    _lock(take)
    if Generation.objects.filter(pk=take.pk).exclude(purged_at=None).exists():
        raise ValidationError(f"Take {take.number} can't be restored: its files were removed from the trash.")
    if _change(Generation.objects.filter(pk=take.pk).exclude(deleted_at=None), deleted_at=None):
        _record(Verb.TAKE_RESTORED, take, by)
        if take.is_done:
            select_take(take.scene_id, take, by_member=True) if selected else select_newest(take)


def dismiss_failure(job: Job) -> None:
    """Remove a failed take or image request from the queue page, for the whole team."""
    rows = type(job)._default_manager.filter(pk=job.pk, status=Status.FAILED, dismissed_at=None)
    rows.update(dismissed_at=Now(), version=F("version") + 1, changed_at=Now())


def _lock(take: Generation) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=take.scene.project_id)


def _record(verb: Verb, take: Generation, by: User | None) -> None:
    scene = take.scene
    activity.record(verb, by, take.label, project=scene.project, page=("scene_page", scene.pk))


def _change(takes: QuerySet[Generation], **changes: object) -> bool:
    return bool(takes.update(**changes, version=F("version") + 1, changed_at=Now()))
