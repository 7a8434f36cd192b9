"""Which takes of a scene were made from which: the tree of its remixes, extensions and edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from generation.models import Generation

#: Deeper than this the tree goes on without being indented any further.
DEEPEST = 5


@dataclass
class Branch:
    take: Generation
    model_name: str
    #: The take it was made from.
    source: Generation | None = None
    #: The branch it hangs on, which is not its source's where the tree is too deep.
    holder: Branch | None = None
    depth: int = 0
    branches: list[Branch] = field(default_factory=list)


def lineage(takes: Iterable[Generation], model_names: Mapping[int, str]) -> list[Branch]:
    """The takes that others were made from, with those below them; a deleted one only where something of it lives.

    `model_names` has the name of every take's model by the take's id.
    """
    in_order = sorted(takes, key=lambda take: take.number)
    shown: set[int | None] = set()
    for take in reversed(in_order):  # what is made from a take has a higher number
        if not take.deleted_at or take.pk in shown:
            shown |= {take.pk, take.source_id}
    branches: dict[int | None, Branch] = {}
    for take in (take for take in in_order if take.pk in shown):
        above = branches.get(take.source_id)
        branches[take.pk] = _hang(take, above, model_names[take.pk]) if above else Branch(take, model_names[take.pk])
    return [branch for branch in branches.values() if branch.branches and branch.source is None]


def _hang(take: Generation, above: Branch, model_name: str) -> Branch:
    holder = above if above.depth < DEEPEST or above.holder is None else above.holder
    branch = Branch(take, model_name, above.take, holder, holder.depth + 1)
    holder.branches.append(branch)
    return branch
