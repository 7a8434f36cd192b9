"""Frames and references: uploaded or generated pictures, checked, cleaned and stored.

Uploads are decoded and encoded again: upright, without metadata, no larger than any model accepts, and never a file that
is valid as two formats. Writes hold the project's row lock, as those of `projects/scene_edits.py` do.
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
#: Longest side of a stored picture, in pixels; the largest clips have 3840.
MAX_KEPT_SIDE = 4096
MAX_PER_SCENE, MAX_PER_PROJECT = 12, 24
#: Pillow raises any of these for damaged files.
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, zlib.error)
CONTENT_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp"}


def clean_picture(upload: IO[bytes], size: int) -> ContentFile[bytes]:
    """The picture as it will be stored. Raises ValidationError with a sentence that names the fix.

    Pixels are counted from the header, before anything is decoded.
    """
    if size > MAX_BYTES:
        raise ValidationError(
            f"This image is {size / 1024**2:.0f} MB; the limit is {MAX_BYTES // 1024**2} MB. "
            "Make it smaller, then try again."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is checked below
            image = Image.open(upload, formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise ValidationError(_describe_too_many_pixels(image.width, image.height))
        if min(image.size) < MIN_SIDE:
            raise ValidationError(
                f"This image is {image.width} x {image.height} pixels; each side needs at least {MIN_SIDE}."
            )
        upright = ImageOps.exif_transpose(image)
        content, suffix = _encode(upright, is_photo=image.format == "JPEG")
    except Image.DecompressionBombError:
        raise ValidationError("This image has far too many pixels. Make it smaller, then try again.") from None
    except PILLOW_ERRORS:
        raise ValidationError(
            "This file is not a readable image. Use a PNG, JPEG or WebP that opens in other programs."
        ) from None
    return ContentFile(content, name=f"picture{suffix}")


def check_generated_picture(data: bytes) -> ContentFile[bytes]:
    """A provider's picture, byte for byte. Raises ValidationError unless it is a PNG, JPEG or WebP."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
            suffix = {"PNG": ".png", "JPEG": ".jpg", "WEBP": ".webp"}[str(image.format)]
    except (*PILLOW_ERRORS, Image.DecompressionBombError):
        raise ValidationError("It can't be read as a PNG, JPEG or WebP.") from None
    return ContentFile(data, name=f"picture{suffix}")


def _describe_too_many_pixels(width: int, height: int) -> str:
    return (
        f"This image is {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} million. "
        "Make it smaller, then try again."
    )


def _encode(image: Image.Image, *, is_photo: bool) -> tuple[bytes, str]:
    # Content and suffix: JPEG for an opaque photo, PNG for everything else.
    is_transparent = image.has_transparency_data
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips every value above 255 to white
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    kept = image.convert("RGBA" if is_transparent else "RGB")
    kept.thumbnail((MAX_KEPT_SIDE, MAX_KEPT_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new(kept.mode, kept.size)  # a new image carries no metadata, which `save` would write out again
    bare.paste(kept)
    buffer = io.BytesIO()
    if is_photo and not is_transparent:
        bare.save(buffer, "JPEG", quality=95)
        return buffer.getvalue(), ".jpg"
    bare.save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def make_thumbnail(picture: IO[bytes], side: int) -> bytes:
    """A WebP whose longest side has at most `side` pixels."""
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
