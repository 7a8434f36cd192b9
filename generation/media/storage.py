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
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from PIL import Image

from generation.models import Generation
from generation.providers.base import ErrorKind, OnProgress, ProviderError

if TYPE_CHECKING:
    from av.container import InputContainer

POSTER_WIDTH = 960
#: How many stills a filmstrip has, and how wide each is.
STRIP_STILLS, STRIP_WIDTH = 10, 240
#: Of a still that a provider sends.
MOST_PIXELS = 50_000_000
#: No request takes longer; a folder of pictures that is older was left by a worker that died.
PICTURES_SECONDS = 3600


class NotAClip(Exception):
    """What was to be a clip cannot be played."""


@dataclass(frozen=True)
class Inspection:
    """A clip that was decoded: its length, its pictures a second, a still, and a strip of stills from end to end (WebP)."""

    seconds: Decimal
    fps: int
    poster: bytes
    filmstrip: bytes


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
        for leftover in scratch_dir().glob(f"{path.stem}*"):
            leftover.unlink(missing_ok=True)


def sweep_scratch() -> int:
    """Remove what dead workers left; returns how many files."""
    removed = 0
    for path in scratch_dir().iterdir():
        name = re.fullmatch(r"(\d+)-([0-9a-f-]{36})\.(mp4|poster\.webp|filmstrip\.webp)", path.name)
        if name is None:
            if path.is_dir() and time.time() - path.stat().st_mtime > PICTURES_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
            continue
        held = Generation.objects.filter(pk=name[1], lease_token=name[2], lease_expires_at__gt=Now()).exists()
        if not held:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def inspect_clip(path: Path, on_progress: OnProgress = lambda fraction: None) -> Inspection:
    """Decode the clip's picture, all of it. Raises NotAClip for anything a browser could not play."""
    import av  # 40 MB that a web process, which imports this module too, never needs

    try:
        with av.open(path, format="mp4") as container:
            if not container.streams.video or not container.duration:
                raise NotAClip("it holds no moving picture")
            container.streams.video[0].thread_type = "AUTO"
            seconds = Decimal(container.duration) / av.time_base
            fps = max(1, round(container.streams.video[0].average_rate or 0))
            stills = _stills(container, float(seconds), on_progress)
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise NotAClip("it cannot be decoded") from error
    if not stills:
        raise NotAClip("it holds no picture")
    poster = stills[len(stills) // 3].copy()
    poster.thumbnail((POSTER_WIDTH, POSTER_WIDTH), Image.Resampling.LANCZOS)
    return Inspection(seconds.quantize(Decimal("0.001")), fps, _as_webp(poster), _as_webp(_side_by_side(stills)))


def _stills(container: InputContainer, seconds: float, on_progress: OnProgress) -> list[Image.Image]:
    """STRIP_STILLS frames, each from the middle of its part of the clip; the last again where frames end sooner."""
    wanted = [seconds * (2 * number + 1) / (2 * STRIP_STILLS) for number in range(STRIP_STILLS)]
    stills: list[Image.Image] = []
    frame = None
    for frame in container.decode(video=0):
        on_progress((frame.time or 0) / seconds)
        while len(stills) < STRIP_STILLS and (frame.time or 0) >= wanted[len(stills)]:
            stills.append(frame.to_image())  # type: ignore[no-untyped-call]  # PyAV leaves it so
    if frame is not None and len(stills) < STRIP_STILLS:
        stills += [frame.to_image()] * (STRIP_STILLS - len(stills))  # type: ignore[no-untyped-call]
    return stills


def _side_by_side(stills: list[Image.Image]) -> Image.Image:
    width, height = stills[0].size
    size = (STRIP_WIDTH, max(1, round(STRIP_WIDTH * height / width)))
    strip = Image.new("RGB", (STRIP_WIDTH * len(stills), size[1]))
    for number, still in enumerate(stills):
        strip.paste(still.resize(size, Image.Resampling.BILINEAR), (number * STRIP_WIDTH, 0))
    return strip


def _as_webp(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "WEBP", quality=82)
    return encoded.getvalue()


def make_poster(picture: bytes) -> bytes | None:
    """A provider's own still as a poster; None where it is no picture."""
    if not picture:
        return None
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                return None
            still = image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    still.thumbnail((POSTER_WIDTH, POSTER_WIDTH), Image.Resampling.LANCZOS)
    return _as_webp(still)


class _Scratch(File):  # type: ignore[type-arg]
    """Lets the storage move the file instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def store_files(take_id: int, path: Path, inspection: Inspection) -> dict[str, Any]:
    """Move the clip, its poster and its filmstrip into storage; the fields of the row that say where they are."""
    pictures = {"poster": inspection.poster, "filmstrip": inspection.filmstrip}
    written = {name: path.with_suffix(f".{name}.webp") for name in pictures}
    for name, picture in pictures.items():
        written[name].write_bytes(picture)
    for scratch in (path, *written.values()):
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
    # From here on nothing is written, only renamed: a full disk cannot leave half a file where a whole one belongs.
    size = path.stat().st_size
    kept = {name: _move(scratch, f"takes/{take_id}/{name}.webp") for name, scratch in written.items()}
    clip = _move(path, _clip_name(take_id))
    found = {"clip_bytes": size, "clip_seconds": inspection.seconds, "fps": inspection.fps}
    return {**kept, "clip": clip, **found}


def recover_clip(take_id: int, path: Path) -> bool:
    """Whether a worker that died had stored the clip already and only not told its row; then `path` is a copy of it."""
    name = _clip_name(take_id)
    if not default_storage.exists(name):
        return False
    with default_storage.open(name) as stored, path.open("wb") as copy:
        shutil.copyfileobj(stored, copy)
    return True


def _clip_name(take_id: int) -> str:
    return f"takes/{take_id}/clip.mp4"


def _move(scratch: Path, name: str) -> str:
    with scratch.open("rb") as file:
        return str(default_storage.save(name, _Scratch(file, name=str(scratch))))


def storage_error(error: OSError, money: str) -> ProviderError:
    """`error` in plain words; `money` is the sentence on what was spent."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "The disk of this server is full. Free some space, then generate again."
    else:
        what = f"The clip could not be written: {error.strerror or error}."
    return ProviderError(ErrorKind.STORAGE, f"{what} {money}")


def free_bytes() -> int:
    return shutil.disk_usage(settings.DATA_DIR).free


def is_nearly_full() -> bool:
    least: int = settings.LEAST_FREE_BYTES
    return free_bytes() < least
