"""Keeps the images of a provider's answer, which are paid for, in storage until their row has them.

If the worker dies in between, the next step of the row finds them here.
"""

from __future__ import annotations

import json
import re

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from generation.models import ImageJob
from generation.providers.base import ImageResult
from generation.states import FINAL


def save(row: ImageJob, result: ImageResult) -> None:
    """Raises OSError. The answer is written last: without it `load` ignores the rest."""
    for number, data in enumerate(result.images):
        default_storage.save(_name(row, f"picture-{number}"), ContentFile(data))
    answer = {"pictures": len(result.images), "usage": dict(result.usage)}
    default_storage.save(_name(row, "answer.json"), ContentFile(json.dumps(answer).encode()))


def load(row: ImageJob) -> ImageResult | None:
    """None if nothing was saved, or only a part. Raises OSError."""
    try:
        with default_storage.open(_name(row, "answer.json")) as file:
            answer = json.load(file)
    except FileNotFoundError:
        return None
    images = []
    for number in range(answer["pictures"]):
        with default_storage.open(_name(row, f"picture-{number}")) as file:
            images.append(file.read())
    return ImageResult(tuple(images), answer["usage"])


def clear(row: ImageJob) -> None:
    folder = row.folder
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)


def sweep() -> None:
    """Clear what a worker that died left of rows that have ended. Every other row may still need its images."""
    keys = [name for name in _folders() if re.fullmatch(r"[0-9a-f]{32}", name)]
    for row in ImageJob.objects.filter(file_key__in=keys, status__in=FINAL):
        clear(row)


def _folders() -> list[str]:
    try:
        return list(default_storage.listdir("spool")[0])
    except FileNotFoundError:
        return []


def _name(row: ImageJob, name: str) -> str:
    return f"{row.folder}/{name}"
