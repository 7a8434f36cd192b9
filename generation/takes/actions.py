"""What people do with takes that are made: select, annotate, delete, bring back. Nothing here changes a status.

A deleted take is shown nowhere any more, but its row, its number, its files and what it cost stay for good: that is what
makes Undo, the ledger and the costs page right. Writes hold the lock on the project, as starting takes does.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from generation.models import Generation, Job, select_first_take, select_take
from generation.models.generation import NOTE_LENGTH
from generation.states import Status
from projects.models import Project
from teams import activity
from teams.models import User, Verb


@transaction.atomic
def select(take: Generation, by: User | None = None) -> None:
    """The take goes into the film. Raises ValidationError where it is not finished, or deleted by now."""
    _lock(take)
    if not Generation.objects.live().done().filter(pk=take.pk).exists():
        raise ValidationError("Only a finished take can be selected.")
    if not Generation.objects.filter(pk=take.pk, is_selected=True).exists():
        _record(Verb.TAKE_SELECTED, take, by)
    select_take(take.scene_id, take)


def annotate(take: Generation, note: str) -> None:
    """Raises ValidationError for a note that is too long, or holds what is no character."""
    note = note.strip().replace("\r\n", "\n")
    ProhibitNullCharactersValidator()(note)
    if len(note) > NOTE_LENGTH:
        raise ValidationError(f"A note has at most {NOTE_LENGTH:,} characters; this one has {len(note):,}. Shorten it.")
    _change(Generation.objects.live().filter(pk=take.pk).exclude(note=note), note=note)


@transaction.atomic
def delete(take: Generation, by: User | None = None) -> bool:
    """Put the take out of sight; whether it was the selected one, whose place the newest finished take has then.

    Raises ValidationError while it is under way, or nobody knows what became of it.
    """
    _lock(take)
    current = Generation.objects.get(pk=take.pk)
    if current.is_active:
        raise ValidationError(f"Take {take.number} is under way. Cancel it first, then delete it.")
    if current.status == Status.UNKNOWN:
        raise ValidationError(f"Say first what became of take {take.number}; then it can be deleted.")
    if not _change(Generation.objects.live().filter(pk=take.pk), deleted_at=Now()):
        return False
    _record(Verb.TAKE_DELETED, take, by)
    was_selected = current.is_selected
    if was_selected:
        select_take(take.scene_id, Generation.objects.live().done().filter(scene=take.scene_id).last())
    return was_selected


@transaction.atomic
def restore(take: Generation, by: User | None = None, *, selected: bool = False) -> None:
    """Bring a deleted take back; `selected` where it was that before."""
    _lock(take)
    if _change(Generation.objects.filter(pk=take.pk).exclude(deleted_at=None), deleted_at=None):
        _record(Verb.TAKE_RESTORED, take, by)
        if take.is_done:
            select_take(take.scene_id, take) if selected else select_first_take(take)


def dismiss_failure(job: Job) -> None:
    """The failed take or picture leaves the queue page, for everyone in the team."""
    rows = type(job)._default_manager.filter(pk=job.pk, status=Status.FAILED, dismissed_at=None)
    rows.update(dismissed_at=Now(), version=F("version") + 1, changed_at=Now())


def _lock(take: Generation) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=take.scene.project_id)


def _record(verb: Verb, take: Generation, by: User | None) -> None:
    scene = take.scene
    activity.record(verb, by, take.label, project=scene.project, page=("scene_page", scene.pk))


def _change(takes: QuerySet[Generation], **changes: object) -> bool:
    return bool(takes.update(**changes, version=F("version") + 1, changed_at=Now()))
