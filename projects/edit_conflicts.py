"""Two people edit one scene: what each changed is written, and what both changed is shown to the second.

A form carries a digest of every value it was opened with. A field is changed by the person where it no longer has that
digest, and by somebody else where the stored value no longer has it. Different fields merge silently. For a field that both
changed to something else the person chooses, and the choice holds only as long as what they saw of the other is stored.
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
    """A value as a form would post it."""
    if isinstance(value, Decimal):
        return format_number(value)
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def digest_value(value: Any) -> str:
    return hashlib.sha256(form_text(value).encode()).hexdigest()[:12]


class Seen:
    """The digests of what a person has seen, by field."""

    def __init__(self, digests: dict[str, str]) -> None:
        self.digests = digests

    @classmethod
    def of(cls, scene: Scene, names: Iterable[str]) -> Seen:
        return cls({name: digest_value(getattr(scene, name)) for name in names})

    def __str__(self) -> str:
        return json.dumps(self.digests, separators=(",", ":"))

    def as_posted(self, data: QueryDict | dict[str, Any], scene: Scene) -> QueryDict | dict[str, Any]:
        """Go back to what the form was opened with, and apply the choice that a button of a conflict made."""
        try:
            posted = json.loads(data.get("seen") or "{}")
        except ValueError:
            posted = {}
        if isinstance(posted, dict):
            self.digests |= {name: str(posted[name]) for name in self.digests.keys() & posted.keys()}
        name, _, choice = str(data.get("resolve") or "").partition(" ")
        whose, _, theirs = choice.partition(" ")
        if name not in self.digests or theirs != digest_value(getattr(scene, name)):
            return data
        self.digests[name] = theirs
        if whose == "theirs":
            data = data.copy()
            data[name] = form_text(getattr(scene, name))
        return data


@dataclass(frozen=True)
class Conflict:
    """One field that two people have changed, as both would read it."""

    name: str
    label: str
    mine: str
    theirs: str
    #: Of the stored value the person is shown; a choice counts only while that value is stored.
    digest: str


@dataclass(frozen=True)
class Merge:
    """What became of one person's changes: the fields that were written, and those that someone else changed too."""

    stored: Scene
    written: frozenset[str]
    conflicting: frozenset[str]


def merge_changes(scene_id: int, values: Mapping[str, Any], seen: Seen, *, in_part: bool = False) -> Merge:
    """Write what this person changed and nothing else: others may have moved, selected or edited in the meantime.

    With a conflict nothing is written, or with `in_part` everything that does not conflict. `seen` is brought up to date.
    """
    digests = seen.digests
    with transaction.atomic():
        stored = Scene.objects.select_for_update(no_key=True).get(pk=scene_id)
        theirs = Seen.of(stored, values.keys() & digests.keys()).digests
        changed = {name for name in theirs if digest_value(values[name]) not in (digests[name], theirs[name])}
        conflicting = {name for name in changed if theirs[name] != digests[name]}
        written = changed - conflicting if in_part or not conflicting else set()
        if written:
            Scene.objects.filter(pk=scene_id).update(**{name: values[name] for name in written}, changed_at=Now())
    in_step = {name: digest_value(values[name]) for name in theirs}
    digests |= {name: digest for name, digest in in_step.items() if name in written or digest == theirs[name]}
    return Merge(stored, frozenset(written), frozenset(conflicting))
