"""Two people edit one scene: what each changed is written, and what both changed is shown to the second.

A form carries a digest of every value it was opened with. A field is changed by the person where it no longer has that
digest, and by somebody else where the stored value no longer has it. Different fields merge silently. For a field that both
changed to something else the person chooses, and the choice holds only as long as what they saw of the other is stored.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from django.db import transaction
from django.db.models.functions import Now
from django.forms import ChoiceField
from django.http import QueryDict

from projects.models import Scene
from teams.numbers import plain_number

if TYPE_CHECKING:
    from projects.forms import SceneForm


def text_of(value: Any) -> str:
    """A value as a form would post it."""
    if isinstance(value, Decimal):
        return plain_number(value)
    return "" if value is None else str(value).replace("\r\n", "\n").strip()


def digest_of(value: Any) -> str:
    return hashlib.sha256(text_of(value).encode()).hexdigest()[:12]


class Seen:
    """The digests of what a person has seen, by field."""

    def __init__(self, digests: dict[str, str]) -> None:
        self.digests = digests

    @classmethod
    def of(cls, scene: Scene, names: Iterable[str]) -> Seen:
        return cls({name: digest_of(getattr(scene, name)) for name in names})

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
        if name not in self.digests or theirs != digest_of(getattr(scene, name)):
            return data
        self.digests[name] = theirs
        if whose == "theirs":
            data = data.copy()
            data[name] = text_of(getattr(scene, name))
        return data


@dataclass(frozen=True)
class Conflict:
    """One field that two people have changed."""

    name: str
    label: str
    mine: str
    theirs: str
    #: Of theirs, as the person is shown it.
    digest: str


def save_changes(form: SceneForm, *, in_part: bool = False) -> bool:
    """Write what this person changed and nothing else: others may have moved, selected or edited in the meantime.

    With a conflict nothing is written, or `in_part` everything else that is valid. Whether there was none.
    """
    seen, mine = form.seen.digests, form.cleaned_data
    with transaction.atomic():
        stored = Scene.objects.select_for_update(no_key=True).get(pk=form.instance.pk)
        theirs = Seen.of(stored, mine.keys() & seen.keys()).digests
        changed = {name for name in theirs if digest_of(mine[name]) not in (seen[name], theirs[name])}
        clashing = {name for name in changed if theirs[name] != seen[name]}
        form.conflicts = [conflict_of(form, stored, name) for name in form.fields if name in clashing]
        written = changed - clashing if in_part or not clashing else set()
        if written:
            Scene.objects.filter(pk=stored.pk).update(**{name: mine[name] for name in written}, changed_at=Now())
    in_step = {name: digest_of(mine[name]) for name in theirs}
    seen |= {name: digest for name, digest in in_step.items() if name in written or digest == theirs[name]}
    for conflict in form.conflicts:
        form.add_error(conflict.name, "Somebody else has changed this too. Choose between the two texts above.")
    return not clashing


def conflict_of(form: SceneForm, stored: Scene, name: str) -> Conflict:
    field = form.fields[name]
    offered = dict(cast(Iterable[tuple[str, str]], field.choices)) if isinstance(field, ChoiceField) else {}
    mine, theirs = (text_of(value) for value in (form.cleaned_data[name], getattr(stored, name)))
    label = str(form[name].label)
    return Conflict(name, label, offered.get(mine, mine), offered.get(theirs, theirs), digest_of(theirs))
