"""The trash: what was deleted keeps its files for settings.TRASH_DAYS. Then only rows, numbers and costs stay.

Files of takes in progress or under review are never removed, nor pictures that a take with a clip was made from.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generation.media import storage
from generation.models import Generation, ImageJob
from generation.models.generation import GenerationQuerySet
from generation.states import FINAL
from projects import thumbnails
from projects.models import Project, Reference
from teams.models import Team


def takes_in_trash(before: datetime | None = None) -> GenerationQuerySet:
    """Takes with files that were deleted, alone or with their scene or project; only those deleted `before`, if given."""
    ended = Generation.objects.filter(status__in=FINAL, purged_at=None)
    return ended.filter(_deleted("", before) | _deleted("scene__", before) | _deleted("scene__project__", before))


def pictures_in_trash(before: datetime | None = None) -> QuerySet[Reference]:
    return Reference.objects.filter(
        _deleted("", before) | _deleted("scene__", before) | _deleted("project__", before)
    ).order_by("pk")


def _deleted(path: str, before: datetime | None) -> Q:
    return Q((f"{path}deleted_at__isnull", False) if before is None else (f"{path}deleted_at__lt", before))


def kept_since() -> datetime:
    """What was deleted after this still has its files, unless an owner emptied the trash."""
    return timezone.now() - timedelta(days=settings.TRASH_DAYS)


def empty_expired() -> int:
    """Remove the files of what was deleted more than settings.TRASH_DAYS ago. Returns how many takes and pictures it were."""
    return _empty(kept_since(), Q(), Q())


def empty_of(team: Team) -> int:
    """Remove the files of everything that the team has deleted. Returns how many takes and pictures it were."""
    return _empty(None, Q(scene__project__team=team), Q(project__team=team))


def count_of(team: Team) -> int:
    """How many takes and pictures of the team are in the trash."""
    takes = takes_in_trash().filter(scene__project__team=team).count()
    return takes + pictures_in_trash().filter(project__team=team).count()


def _empty(before: datetime | None, takes: Q, pictures: Q) -> int:
    expired = takes_in_trash(before).filter(takes).values_list("pk", "scene__project")
    count = sum(_purge_take(pk, project_id, before) for pk, project_id in list(expired))
    projects = pictures_in_trash(before).filter(pictures).order_by().values_list("project", flat=True).distinct()
    return count + sum(_purge_pictures(project_id, before) for project_id in list(projects))


@transaction.atomic
def _purge_take(pk: int, project_id: int, before: datetime | None) -> bool:
    # Under the lock that restoring needs: a take that was restored meanwhile stays.
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    take = takes_in_trash(before).filter(pk=pk).first()
    if take is None:
        return False
    files: dict[str, Any] = dict.fromkeys(Generation.FILES, "") | {
        "clip_bytes": 0,
        "copy_due_at": None,
        "purged_at": Now(),
    }
    # A scene that is restored later comes back without the take.
    gone: dict[str, Any] = {"is_selected": False, "deleted_at": Coalesce("deleted_at", Now())}
    Generation.objects.filter(pk=pk).update(**files, **gone, version=F("version") + 1, changed_at=Now())
    transaction.on_commit(partial(storage.delete_folder, take.folder), robust=True)
    return True


@transaction.atomic
def _purge_pictures(project_id: int, before: datetime | None) -> int:
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    expired = pictures_in_trash(before).filter(project=project_id).exclude(image__in=_names_in_use(project_id))
    names = set(expired.values_list("image", flat=True))
    count, _ = expired.delete()
    # Copies of a project share their files.
    for name in names - set(Reference.objects.filter(image__in=names).values_list("image", flat=True)):
        transaction.on_commit(partial(thumbnails.delete_picture, name), robust=True)
    return count


def _names_in_use(project_id: int) -> set[str]:
    # Of pictures that takes and image requests were, or will be, made from.
    takes = Generation.objects.filter(scene__project=project_id, purged_at=None).exclude(inputs={})
    jobs = ImageJob.objects.active().filter(project=project_id).values_list("options", flat=True)
    names = {name for inputs in takes.values_list("inputs", flat=True) for name in picture_names(inputs)}
    return names | {name for options in jobs for name in options.get("images", [])}


def picture_names(inputs: dict[str, Any]) -> Iterable[str]:
    """The stored pictures that a take's `inputs` name."""
    yield from (inputs[role]["name"] for role in Reference.FRAMES if inputs.get(role))
    yield from inputs.get("references", [])
