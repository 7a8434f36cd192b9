"""Merges the edits of two people to one scene, field by field.

A form carries a digest of every value it was opened with. If the submitted value no longer has that digest, this person
changed the field; if the stored value no longer has it, another member did. Changes to different fields merge silently.
If both changed a field to different values, the person chooses; the choice counts only while the stored value is still
the one they were shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.http import QueryDict

from core.numbers import format_number
from projects.models import Scene


def form_text(value: Any) -> str:
    """The value as a browser would post it."""
    if isinstance(value, Decimal):
        return format_number(value)
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def digest_value(value: Any) -> str:
    return hashlib.sha256(form_text(value).encode()).hexdigest()[:12]


class SeenDigests:
    """Digests of the values that a form was opened with, by field."""

    def __init__(self, digests: dict[str, str]) -> None:
        self.digests = digests

    @classmethod
    def from_scene(cls, scene: Scene, names: Iterable[str]) -> SeenDigests:
        return cls({name: digest_value(getattr(scene, name)) for name in names})

    def __str__(self) -> str:
        return json.dumps(self.digests, separators=(",", ":"))

    def read_posted(self, data: QueryDict | dict[str, Any], scene: Scene) -> QueryDict | dict[str, Any]:
        """Take over the digests the form was opened with, and apply the choice of a conflict's button.

        Returns the data to validate. `resolve` reads "<field> mine|theirs <digest of the stored value shown>".
        """
        try:
            posted = json.loads(data.get("seen") or "{}")
        except (ValueError, RecursionError):  # a few kilobytes of brackets exhaust the parser
            posted = {}
        if isinstance(posted, dict):
            self.digests |= {name: str(posted[name]) for name in self.digests.keys() & posted.keys()}
        name, _, choice = str(data.get("resolve") or "").partition(" ")
        side, _, shown_digest = choice.partition(" ")
        if name not in self.digests or shown_digest != digest_value(getattr(scene, name)):
            return data
        self.digests[name] = shown_digest
        if side == "theirs":
            data = data.copy()
            data[name] = form_text(getattr(scene, name))
        return data


@dataclass(frozen=True)
class Conflict:
    """One field that two people have changed, with both values as people read them."""

    name: str
    label: str
    submitted: str
    stored: str
    #: Digest of the stored value; a choice counts only while that value is stored.
    digest: str


@dataclass(frozen=True)
class Merge:
    """The result of merging one person's changes: the fields written, and those that another member changed too."""

    stored: Scene
    written: frozenset[str]
    conflicting: frozenset[str]


def merge_changes(scene_id: int, values: Mapping[str, Any], seen: SeenDigests, *, in_part: bool = False) -> Merge:
    """Write only the fields that this person changed: other members may have moved or edited the scene meanwhile.

    If any field conflicts, nothing is written; with `in_part`, everything that does not conflict. Updates `seen`.
    """
    digests = seen.digests
    with transaction.atomic():
        stored = Scene.objects.select_for_update(no_key=True).get(pk=scene_id)
        current = SeenDigests.from_scene(stored, values.keys() & digests.keys()).digests
        changed = {name for name in current if digest_value(values[name]) not in (digests[name], current[name])}
        conflicting = {name for name in changed if current[name] != digests[name]}
        written = changed - conflicting if in_part or not conflicting else set()
        if written:
            Scene.objects.filter(pk=scene_id).update(**{name: values[name] for name in written}, changed_at=Now())
    # Fields that only another member changed keep their old digest: this form still shows the old value, and writing
    # over the new one later must conflict.
    submitted = {name: digest_value(values[name]) for name in current}
    digests |= {name: digest for name, digest in submitted.items() if name in written or digest == current[name]}
    return Merge(stored, frozenset(written), frozenset(conflicting))
