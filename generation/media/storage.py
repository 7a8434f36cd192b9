"""Clips as files: written to scratch, measured once, then moved into storage.

A take's random key fixes the names of its files, so a repeated step replaces them and leaves no second copy, and a take of an
older database that was restored never finds the files of another take with its id. Scratch files have the token of their
lease in the name; a sweep removes those whose lease has ended.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db.models.functions import Now

from core.decoding.contract import Undecodable
from core.decoding.gate import decode, decode_clip
from generation.media import probe
from generation.media.decoding import NotAClip
from generation.media.probe import POSTER_SIDE, Inspection
from generation.media_info import MediaInfo, Sound
from generation.models import Generation
from generation.providers.base import ErrorKind, OnProgress, ProviderError
from projects import pictures

#: A picture folder older than any request was left by a worker that died.
PICTURES_SECONDS = 3600


def scratch_dir() -> Path:
    path = Path(settings.DATA_DIR) / "scratch"
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder for the input pictures of one request."""
    with tempfile.TemporaryDirectory(dir=scratch_dir(), prefix="pictures-") as folder:
        yield Path(folder)


def copy_pictures(names: Iterable[str], folder: Path) -> tuple[Path, ...]:
    """Copy stored pictures to files that a provider's SDK can open. Raises OSError if one cannot be read."""
    paths = []
    for number, name in enumerate(names, 1):
        paths.append(folder / f"picture-{number}{Path(name).suffix}")
        with default_storage.open(name) as picture, paths[-1].open("wb") as copy:
            shutil.copyfileobj(picture, copy)
    return tuple(paths)


@contextmanager
def scratch_file(take_id: int, token: uuid.UUID) -> Iterator[Path]:
    """A path to write the take's clip to. Deletes the take's leftovers first, and at the end what was not moved away."""
    for leftover in scratch_dir().glob(f"{take_id}-*"):
        leftover.unlink(missing_ok=True)
    path = scratch_dir() / f"{take_id}-{token}.mp4"
    try:
        yield path
    finally:
        for leftover in scratch_dir().glob(f"{path.stem}*"):
            leftover.unlink(missing_ok=True)


def sweep_scratch() -> int:
    """Remove the files that dead workers left. Returns their number."""
    removed = 0
    for path in scratch_dir().iterdir():
        name = re.fullmatch(r"(\d+)-([0-9a-f-]{36})\.(mp4|poster\.webp|filmstrip\.webp)", path.name)
        if name is None:
            if path.is_dir() and time.time() - path.stat().st_mtime > PICTURES_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
            continue
        is_leased = Generation.objects.filter(pk=name[1], lease_token=name[2], lease_expires_at__gt=Now()).exists()
        if not is_leased:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def inspect_clip(path: Path, on_progress: OnProgress = lambda fraction: None) -> Inspection:
    """Decode every frame in a child. Raises NotAClip, also for a clip that needs more than its limits; Busy; OSError."""
    try:
        return decode_clip(
            probe.inspect_clip,
            path.absolute(),
            limits=probe.LIMITS,
            raises=(NotAClip,),
            returns=(Inspection, MediaInfo, Sound),
            on_progress=on_progress,
        )
    except Undecodable as error:
        raise NotAClip(str(error)) from error


def make_poster(picture: bytes) -> bytes | None:
    """A provider's still as a poster; None if it is no picture, or too large."""
    if not picture:
        return None
    try:
        return decode(pictures.shrink, picture, POSTER_SIDE, 82, limits=pictures.LIMITS)
    except Undecodable:
        return None


class _Scratch(File[bytes]):
    """Lets the storage move the file instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def store_files(take: Generation, path: Path, inspection: Inspection) -> dict[str, Any]:
    """Move the clip, its poster and its filmstrip into storage. Returns the fields of the take's row."""
    pictures = {"poster": inspection.poster, "filmstrip": inspection.filmstrip}
    written = {name: path.with_suffix(f".{name}.webp") for name in pictures}
    for name, picture in pictures.items():
        written[name].write_bytes(picture)
    for scratch in (path, *written.values()):
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
    # Local storage only renames from here on, so a full disk cannot leave half a file under a final name.
    size = path.stat().st_size
    stored = {name: _move(scratch, f"{take.folder}/{name}.webp") for name, scratch in written.items()}
    clip = _move(path, _clip_name(take))
    measured = {"clip_bytes": size, "clip_seconds": inspection.info.seconds}
    return {**stored, "clip": clip, **measured, "media": inspection.info.model_dump(mode="json")}


def store_unreadable(take: Generation, path: Path) -> dict[str, Any]:
    """Move a file that is no clip into storage, where it can be downloaded. Returns the fields of the take's row."""
    size = path.stat().st_size
    nothing: dict[str, Any] = {"poster": "", "filmstrip": "", "clip_seconds": None, "media": {}}
    return {"clip": _move(path, _clip_name(take)), "clip_bytes": size, **nothing}


def store_browser_copy(take: Generation, path: Path) -> str:
    """Move it into storage beside the clip. Returns its name."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return _move(path, f"{take.folder}/browser.mp4")


def recover_clip(take: Generation, path: Path) -> bool:
    """Copy the clip to `path` if a worker stored it and died before it saved the row. Returns whether it did."""
    name = _clip_name(take)
    if not default_storage.exists(name):
        return False
    with default_storage.open(name) as stored, path.open("wb") as copy:
        shutil.copyfileobj(stored, copy)
    return True


def _clip_name(take: Generation) -> str:
    # Whatever the container is: an attempt that follows a crash must find the file. Downloads are named by what it is.
    return f"{take.folder}/clip.mp4"


def delete_folder(folder: str) -> None:
    """Delete the files of a take's folder, and on a local disk the folder."""
    for name in default_storage.listdir(folder)[1] if default_storage.exists(folder) else ():
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)


def _move(scratch: Path, name: str) -> str:
    with scratch.open("rb") as file:
        return str(default_storage.save(name, _Scratch(file, name=str(scratch))))


def storage_error(error: OSError) -> ProviderError:
    """The error for people."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        problem = "The disk of this server is full. Free some space, then generate again."
    else:
        problem = f"The clip could not be written: {error.strerror or error}."
    return ProviderError(ErrorKind.STORAGE, problem)


def free_bytes() -> int:
    return shutil.disk_usage(settings.DATA_DIR).free


def is_nearly_full() -> bool:
    least: int = settings.LEAST_FREE_BYTES
    return free_bytes() < least
