"""Frames and references: uploaded or generated pictures, checked, cleaned and stored.

Uploads are decoded and encoded again: upright, without metadata, no larger than any model accepts, and never a file that
is valid as two formats. Writes hold the project's row lock, as those of `projects/scene_edits.py` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from core.decoding.contract import Undecodable
from core.decoding.gate import decode
from projects import pictures
from projects.models import Project, Reference, Scene
from teams.models import User

MAX_BYTES = 20 * 1024**2
MAX_PER_SCENE, MAX_PER_PROJECT = 12, 24
CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


def clean_picture(upload: IO[bytes], size: int) -> ContentFile[bytes]:
    """The picture as it will be stored. Raises ValidationError with a sentence that names the fix, and Busy."""
    if size > MAX_BYTES:
        raise ValidationError(
            f"This image is {size / 1024**2:.0f} MB; the limit is {MAX_BYTES // 1024**2} MB. "
            "Make it smaller, then try again."
        )
    upload.seek(0)
    try:
        content, suffix = decode(pictures.clean, upload.read(MAX_BYTES), limits=pictures.LIMITS)
    except Undecodable as error:
        raise ValidationError(str(error)) from None
    return ContentFile(content, name=f"picture{suffix}")


def check_generated_picture(data: bytes) -> ContentFile[bytes]:
    """A provider's picture, byte for byte. Raises ValidationError unless it is a PNG, JPEG or WebP, and Busy."""
    try:
        return ContentFile(data, name=f"picture{decode(pictures.check, data, limits=pictures.LIMITS)}")
    except Undecodable as error:
        raise ValidationError(str(error)) from None


# -- Writing -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def add_reference(
    project: Project,
    scene: Scene | None,
    role: Reference.Role,
    image: ContentFile[bytes],
    *,
    member: User,
    limit: bool = True,
    **fields: Any,
) -> Reference:
    """Store the picture. A frame replaces the previous one.

    Raises ValidationError if there are too many references. Pass `limit=False` for generated pictures: what was paid
    for is never discarded.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    existing = Reference.objects.live().filter(project=project, scene=scene, role=role)
    if role in Reference.FRAMES:
        existing.update(deleted_at=Now())
    elif limit:
        _refuse_too_many(existing.count(), scene)
    picture = Reference.objects.create(
        project=project, scene=scene, role=role, image=image, image_bytes=image.size, created_by=member, **fields
    )
    _touch(picture)
    return picture


def change_fit(picture: Reference, fit: Reference.Fit) -> None:
    if Reference.objects.live().filter(pk=picture.pk).exclude(fit=fit).update(fit=fit):
        _touch(picture)


def remove(picture: Reference) -> None:
    """Deletes the row only; takes generated from the picture keep the file."""
    if Reference.objects.live().filter(pk=picture.pk).update(deleted_at=Now()):
        _touch(picture)


@transaction.atomic
def restore(picture: Reference) -> None:
    """Raises ValidationError if another frame has replaced it, or if there are too many references now."""
    Project.objects.select_for_update(no_key=True).get(pk=picture.project_id)
    existing = Reference.objects.live().filter(project=picture.project, scene=picture.scene, role=picture.role)
    if picture.role in Reference.FRAMES and existing.exclude(pk=picture.pk).exists():
        raise ValidationError(f"There is another {picture.get_role_display().lower()} now. Remove that one first.")
    if picture.role not in Reference.FRAMES:
        _refuse_too_many(existing.count(), picture.scene)
    if Reference.objects.filter(pk=picture.pk).exclude(deleted_at=None).update(deleted_at=None):
        _touch(picture)


@transaction.atomic
def undo_add(picture: Reference, replaced: Reference | None) -> None:
    """Remove the picture and restore the frame it `replaced`. Raises ValidationError as `restore` does."""
    remove(picture)
    if replaced:
        restore(replaced)


def _refuse_too_many(count: int, scene: Scene | None) -> None:
    limit, owner = (MAX_PER_SCENE, "scene") if scene else (MAX_PER_PROJECT, "project")
    if count >= limit:
        raise ValidationError(f"A {owner} can have up to {limit} references. Remove one first.")


def copy_references(originals: QuerySet[Reference], project: Project, copies: Mapping[int, Scene]) -> None:
    """Copy the pictures to `copies` of scenes, by the originals' ids, and to the copied project.

    Copies share the originals' files.
    """
    pictures = list(originals.filter(deleted_at=None).order_by("pk"))
    for picture in pictures:
        picture.pk = None
        picture.project = project
        picture.scene = copies[picture.scene_id] if picture.scene_id else None
        picture._state.adding = True
    Reference.objects.bulk_create(pictures)


def _touch(picture: Reference) -> None:
    # Raises `changed_at` for the live feed: prices, previews and stale marks depend on pictures.
    scenes = Scene.objects.filter(pk=picture.scene_id) if picture.scene_id else picture.project.scenes.all()
    scenes.update(changed_at=Now())
