"""All fields of the scenes as CSV, one row each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal

from django.utils.text import capfirst

from projects.importing import terms
from projects.models import Scene
from teams.spreadsheets import harmless


def as_csv(scenes: Iterable[Scene]) -> bytes:
    """With a byte order mark, without which spreadsheets take UTF-8 for something else."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(["Number", *(capfirst(terms.label(name)) for name in terms.FIELDS)])
    for scene in scenes:
        writer.writerow([scene.position, *(harmless(shown(scene, name)) for name in terms.FIELDS)])
    return file.getvalue().encode("utf-8-sig")


def shown(scene: Scene, name: str) -> str:
    """The value of a field as people write it; empty where it has none."""
    value = getattr(scene, name)
    if value is None or value == "":
        return ""
    if name in terms.CHOICES:
        return dict(terms.options(name)).get(value, str(value))
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
