"""The tree of a scene's remixes, extensions and edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from generation.models import Generation

#: Deeper branches are indented no further.
MAX_DEPTH = 5


@dataclass
class Branch:
    take: Generation
    model_name: str
    #: The take it was made from.
    source: Generation | None = None
    #: The branch it is shown under; in a tree that is too deep that is not its source's.
    parent: Branch | None = None
    depth: int = 0
    branches: list[Branch] = field(default_factory=list)


def build_tree(takes: Iterable[Generation], model_names: Mapping[int, str]) -> list[Branch]:
    """The roots: takes that others were made from. A deleted take stays in the tree while a live one descends from it.

    `model_names` maps each take's id to the name of its model.
    """
    in_order = sorted(takes, key=lambda take: take.number)
    shown: set[int | None] = set()
    for take in reversed(in_order):  # a take has a higher number than its source, so descendants come first
        if not take.deleted_at or take.pk in shown:
            shown |= {take.pk, take.source_id}
    branches: dict[int | None, Branch] = {}
    for take in (take for take in in_order if take.pk in shown):
        source = branches.get(take.source_id)
        branches[take.pk] = (
            _add_branch(take, source, model_names[take.pk]) if source else Branch(take, model_names[take.pk])
        )
    return [branch for branch in branches.values() if branch.branches and branch.source is None]


def _add_branch(take: Generation, source: Branch, model_name: str) -> Branch:
    parent = source if source.depth < MAX_DEPTH or source.parent is None else source.parent
    branch = Branch(take, model_name, source.take, parent, parent.depth + 1)
    parent.branches.append(branch)
    return branch
