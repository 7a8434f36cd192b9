"""Smaller versions of stored pictures, made once and kept beside the picture under its random name.

What removes the picture's file removes them, and `doctor` counts them as part of it.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage

logger = logging.getLogger(__name__)


def keep(name: str, variant: str, make: Callable[[bytes], bytes]) -> bytes:
    """The WebP that `make` makes of the stored picture's bytes; `variant` tells it from others of the same picture.

    Raises FileNotFoundError without the picture, and what `make` raises. On a full disk it is made anew each time.
    """
    path = PurePosixPath(name)
    kept = str(path.with_name(f"{path.stem}.{variant}.webp"))
    try:
        with default_storage.open(kept) as file:
            kept_data: bytes = file.read()
            return kept_data
    except FileNotFoundError:
        pass
    with default_storage.open(name) as picture:
        data = make(picture.read())
    try:
        _save(kept, data)
    except OSError:
        logger.warning("Could not keep %s.", kept, exc_info=True)
    return data


def picture_stem(name: str) -> str:
    """The name without suffix and variant, which a picture shares with its smaller versions."""
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0]))


def delete_picture(name: str) -> None:
    """Removes the picture's file and its smaller versions."""
    folder = PurePosixPath(name).parent
    for other in default_storage.listdir(str(folder))[1]:
        if picture_stem(str(folder / other)) == picture_stem(name):
            default_storage.delete(str(folder / other))


class _Finished(File[bytes]):
    """Lets the storage move the file: another request never reads half of it."""

    def temporary_file_path(self) -> Any:
        return self.name


def _save(name: str, data: bytes) -> None:
    scratch = Path(settings.DATA_DIR) / "scratch"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix="pictures-") as folder:
        path = Path(folder) / "small.webp"
        path.write_bytes(data)
        with path.open("rb") as file:
            default_storage.save(name, _Finished(file, name=str(path)))
