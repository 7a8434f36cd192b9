"""Writes every field of the scenes as a table, one row per scene."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils.text import capfirst

from core.numbers import format_number
from projects.importers import terms
from projects.models import Scene


def build_rows(scenes: Iterable[Scene]) -> Iterator[list[object]]:
    yield ["Number", *(capfirst(terms.label(name)) for name in terms.FIELDS)]
    for scene in scenes:
        yield [scene.position, *(format_cell(scene, name) for name in terms.FIELDS)]


def format_cell(scene: Scene, name: str) -> str:
    """The value of a field as people write it: labels instead of keys; empty if it is not set."""
    value = getattr(scene, name)
    if value is None or value == "":
        return ""
    if name in terms.CHOICES:
        return dict(terms.options(name)).get(value, str(value))
    return format_number(value) if isinstance(value, Decimal) else str(value)
