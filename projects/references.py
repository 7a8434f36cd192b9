"""Frames and references: pictures that come from people or providers, checked, cleaned and kept.

What is stored was decoded and written anew: no metadata, no tricks of a file that is two things at once, upright, and no
larger than any model takes. Writes hold the lock on the project, as those of storyboard.py do.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Mapping
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from PIL import Image, ImageOps

from projects.models import Project, Reference, Scene
from teams.models import User

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 50_000_000
MIN_SIDE = 64
#: The longest side of what is kept; the largest clips have 3840.
KEPT_SIDE = 4096
MOST_OF_A_SCENE, MOST_OF_A_PROJECT = 12, 24
#: Pillow tells of broken files with all of these.
BROKEN = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)
CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


def clean_picture(upload: IO[bytes], size: int) -> ContentFile[bytes]:
    """The picture as it will be kept. Raises ValidationError with a sentence that names the fix."""
    if size > MAX_BYTES:
        raise ValidationError(
            f"This picture has {size / 1024**2:.0f} MB; at most {MAX_BYTES // 1024**2} MB are taken. "
            "Save it smaller, then try again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # checked by ourselves, before decoding
            image = Image.open(upload, formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise ValidationError(_too_many_pixels(image.width, image.height))
        if min(image.size) < MIN_SIDE:
            raise ValidationError(
                f"This picture has {image.width} x {image.height} pixels; each side needs at least {MIN_SIDE}."
            )
        upright = ImageOps.exif_transpose(image)
        content, suffix = _encoded(upright, is_photo=image.format == "JPEG")
    except Image.DecompressionBombError:
        raise ValidationError("This picture has far too many pixels. Save it smaller, then try again.") from None
    except BROKEN:
        raise ValidationError(
            "This file could not be read as a picture. Use a PNG, JPEG or WebP that opens elsewhere."
        ) from None
    return ContentFile(content, name=f"picture{suffix}")


def as_generated(data: bytes) -> ContentFile[bytes]:
    """A picture that a provider made, exactly as it came. Raises ValidationError for what is none."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
            suffix = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}[str(image.format)]
    except (*BROKEN, Image.DecompressionBombError):
        raise ValidationError("It cannot be read as a PNG, JPEG or WebP.") from None
    return ContentFile(data, name=f"picture{suffix}")


def _too_many_pixels(width: int, height: int) -> str:
    return (
        f"This picture has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} million are taken. "
        "Save it smaller, then try again."
    )


def _encoded(image: Image.Image, *, is_photo: bool) -> tuple[bytes, str]:
    """What is transparent stays transparent; a photograph stays one; everything else is kept without loss."""
    is_transparent = image.has_transparency_data
    if image.mode.startswith("I"):  # sixteen bits of grey, which Pillow would cut off at white
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    kept = image.convert("RGBA" if is_transparent else "RGB")
    kept.thumbnail((KEPT_SIDE, KEPT_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new(kept.mode, kept.size)
    bare.paste(kept)
    buffer = io.BytesIO()
    if is_photo and not is_transparent:
        bare.save(buffer, "JPEG", quality=95)
        return buffer.getvalue(), ".jpg"
    bare.save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def thumbnail(picture: IO[bytes], side: int) -> bytes:
    """WebP of at most `side` pixels."""
    with Image.open(picture) as image:
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()


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
    """Keep the picture. A frame takes the place of the one before.

    Raises ValidationError where there are too many, unless `limit` is off: what was paid for is never thrown away.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    beside = Reference.objects.live().filter(project=project, scene=scene, role=role)
    if role in Reference.FRAMES:
        beside.update(deleted_at=Now())
    elif limit:
        _refuse_too_many(beside.count(), scene)
    picture = Reference.objects.create(
        project=project, scene=scene, role=role, image=image, created_by=member, **fields
    )
    _touch(picture)
    return picture


def change_fit(picture: Reference, fit: Reference.Fit) -> None:
    if Reference.objects.live().filter(pk=picture.pk).exclude(fit=fit).update(fit=fit):
        _touch(picture)


def remove(picture: Reference) -> None:
    """Takes made from it keep the file."""
    if Reference.objects.live().filter(pk=picture.pk).update(deleted_at=Now()):
        _touch(picture)


@transaction.atomic
def restore(picture: Reference) -> None:
    """Raises ValidationError where another frame has taken its place, or there are too many references by now."""
    Project.objects.select_for_update(no_key=True).get(pk=picture.project_id)
    beside = Reference.objects.live().filter(project=picture.project, scene=picture.scene, role=picture.role)
    if picture.role in Reference.FRAMES and beside.exclude(pk=picture.pk).exists():
        raise ValidationError(f"There is another {picture.get_role_display().lower()} by now. Remove that one first.")
    if picture.role not in Reference.FRAMES:
        _refuse_too_many(beside.count(), picture.scene)
    if Reference.objects.filter(pk=picture.pk).exclude(deleted_at=None).update(deleted_at=None):
        _touch(picture)


@transaction.atomic
def undo_add(picture: Reference, before: Reference | None) -> None:
    """As if it had never been put there: the frame `before`, whose place it took, comes back. Raises ValidationError."""
    remove(picture)
    if before:
        restore(before)


def _refuse_too_many(count: int, scene: Scene | None) -> None:
    most, where = (MOST_OF_A_SCENE, "scene") if scene else (MOST_OF_A_PROJECT, "project")
    if count >= most:
        raise ValidationError(f"A {where} has at most {most} references. Remove one first.")


def copy_references(originals: QuerySet[Reference], project: Project, copies: Mapping[int, Scene]) -> None:
    """The same pictures for copies of scenes, by the ids of the originals, and for a copy of the project.

    The files are shared, for they are never deleted.
    """
    pictures = list(originals.filter(deleted_at=None).order_by("pk"))
    for picture in pictures:
        picture.pk = None
        picture.project = project
        picture.scene = copies[picture.scene_id] if picture.scene_id else None
        picture._state.adding = True
    Reference.objects.bulk_create(pictures)


def _touch(picture: Reference) -> None:
    """Open pages are told: prices, previews and what is stale depend on pictures."""
    scenes = Scene.objects.filter(pk=picture.scene_id) if picture.scene_id else picture.project.scenes.all()
    scenes.update(changed_at=Now())
