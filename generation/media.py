"""Clips as files: written to scratch, decoded once, then moved into storage under a name of our own.

A name is fixed by its generation, so a step that is done again replaces a file and never leaves a second one behind.
Scratch files carry the token of the lease they were written under; whoever sweeps removes those whose lease is over.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from PIL import Image

from generation.models import Generation
from generation.providers.base import ErrorKind, ProviderError

POSTER_WIDTH = 960
#: No request takes longer; a folder of pictures that is older was left by a worker that died.
PICTURES_SECONDS = 3600


class NotAClip(Exception):
    """What was to be a clip cannot be played."""


@dataclass(frozen=True)
class Inspection:
    """A clip that was decoded: its length, how many pictures a second has, and a still of it as WebP."""

    seconds: Decimal
    fps: int
    poster: bytes


def scratch_dir() -> Path:
    path = Path(settings.DATA_DIR) / "scratch"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the pictures of one request."""
    with tempfile.TemporaryDirectory(dir=scratch_dir(), prefix="pictures-") as folder:
        yield Path(folder)


@contextmanager
def scratch_file(take_id: int, token: uuid.UUID) -> Iterator[Path]:
    """A place to write this take's clip to; gone afterwards, unless it was moved into storage."""
    for leftover in scratch_dir().glob(f"{take_id}-*"):
        leftover.unlink(missing_ok=True)
    path = scratch_dir() / f"{take_id}-{token}.mp4"
    try:
        yield path
    finally:
        for name in (path, path.with_suffix(".webp")):
            name.unlink(missing_ok=True)


def sweep_scratch() -> int:
    """Remove what dead workers left; returns how many files."""
    removed = 0
    for path in scratch_dir().iterdir():
        name = re.fullmatch(r"(\d+)-([0-9a-f-]{36})\.(mp4|webp)", path.name)
        if name is None:
            if path.is_dir() and time.time() - path.stat().st_mtime > PICTURES_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
            continue
        held = Generation.objects.filter(pk=name[1], lease_token=name[2], lease_expires_at__gt=Now()).exists()
        if not held:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def inspect(path: Path) -> Inspection:
    """Decode the clip's picture at a third of its length. Raises NotAClip for anything a browser could not play."""
    import av  # 40 MB that a web process, which imports this module too, never needs

    try:
        with av.open(path, format="mp4") as container:
            if not container.streams.video or not container.duration:
                raise NotAClip("it holds no moving picture")
            seconds = Decimal(container.duration) / av.time_base
            fps = max(1, round(container.streams.video[0].average_rate or 0))
            container.seek(container.duration // 3)
            frame = next(container.decode(video=0))
            still: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV leaves it so
    except (av.error.InvalidDataError, av.error.EOFError, StopIteration) as error:
        raise NotAClip("it cannot be decoded") from error
    still.thumbnail((POSTER_WIDTH, POSTER_WIDTH), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    still.save(encoded, "WEBP", quality=82)
    return Inspection(seconds.quantize(Decimal("0.001")), fps, encoded.getvalue())


class _Scratch(File):  # type: ignore[type-arg]
    """Lets the storage move the file instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def keep(take_id: int, path: Path, inspection: Inspection) -> dict[str, Any]:
    """Move the clip and its poster into storage; the fields of the row that say where they are."""
    still = path.with_suffix(".webp")
    still.write_bytes(inspection.poster)
    for file in (path, still):
        with file.open("rb") as written:
            os.fsync(written.fileno())
    # From here on nothing is written, only renamed: a full disk cannot leave half a file where a whole one belongs.
    size = path.stat().st_size
    with still.open("rb") as poster, path.open("rb") as clip:
        poster_name = default_storage.save(f"takes/{take_id}/poster.webp", _Scratch(poster, name=str(still)))
        clip_name = default_storage.save(f"takes/{take_id}/clip.mp4", _Scratch(clip, name=str(path)))
    found = {"clip_seconds": inspection.seconds, "fps": inspection.fps}
    return {"clip": clip_name, "poster": poster_name, "clip_bytes": size} | found


def storage_error(error: OSError, money: str) -> ProviderError:
    """`error` in plain words; `money` is the sentence on what was spent."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "The disk of this server is full. Free some space, then generate again."
    else:
        what = f"The clip could not be written: {error.strerror or error}."
    return ProviderError(ErrorKind.STORAGE, f"{what} {money}")


def free_bytes() -> int:
    return shutil.disk_usage(settings.DATA_DIR).free
