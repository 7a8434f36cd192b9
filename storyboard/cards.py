"""What cards, table rows and take strips show of a scene. Needs scenes loaded by `with_takes`; makes no queries."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from core.numbers import format_duration
from generation.connections import Roster
from generation.models import (
    Generation,
    Job,
    latest_take,
    live_takes,
    next_take_number,
    shown_take,
)
from generation.quoting.freshness import Freshness
from generation.quoting.quotes import Quote, quote_scene
from generation.takes import remote_clips
from generation.takes.lineage import Branch, build_tree
from projects import presets
from projects.models import Scene
from storyboard.table import COLUMNS, cell_text


@dataclass(frozen=True)
class JobEntry:
    """A take or an image job, with what its row does not hold."""

    job: Job
    model_name: str
    #: How long its model usually takes; empty if the model is unknown.
    usual_time: str


@dataclass(frozen=True)
class TakeEntry(JobEntry):
    job: Generation
    #: The take it was reworked from, if that take is on the page too.
    source: Generation | None
    #: Whether its model can remix, extend or edit it.
    can_be_reworked: bool
    is_stale: bool
    #: The connection at which its clip can be deleted; empty if there is none.
    deletable_at: str


@dataclass(frozen=True)
class Cell:
    """One field of a scene: its stored value, and its text for people."""

    column: str
    value: str
    text: str


@dataclass(frozen=True)
class TakeOffer:
    """A finished take to select instead of the one that is shown."""

    take: Generation
    label: str


@dataclass(frozen=True)
class SceneCard:
    """`quote` is for the next take; None if the scene's model is unknown."""

    scene: Scene
    shown: Generation | None
    latest: TakeEntry | None
    quote: Quote | None
    next_take: int
    cells: list[Cell]
    #: Whether `shown` is stale.
    is_stale: bool
    offer: TakeOffer | None

    @property
    def shows_previz(self) -> bool:
        return self.shown is None or self.shown.is_previz


@dataclass(frozen=True)
class TakeStrip:
    """All takes of a scene, newest first."""

    card: SceneCard
    takes: list[TakeEntry]
    deleted: list[TakeEntry]
    branches: list[Branch]
    #: Empty unless there are two finished takes.
    compare_url: str


def build_entry(job: Job, roster: Roster) -> JobEntry:
    model = roster.models.get(job.model_id)
    usual_time = format_duration(Decimal(model.expected_seconds)) if model else ""
    return JobEntry(job, roster.model_name(job.model_id), usual_time)


def build_take_entry(
    take: Generation, siblings: dict[int, Generation], roster: Roster, freshness: Freshness
) -> TakeEntry:
    entry = build_entry(take, roster)
    model = roster.resolve_model(take) if take.has_remote_clip else None
    can_be_reworked = model is not None and bool(model.supports.tasks)
    source = siblings.get(take.source_id) if take.source_id else None
    is_stale = take.is_done and freshness.is_stale(take)
    deletable_at = remote_clips.find_deletable_at(take, roster)
    return TakeEntry(take, entry.model_name, entry.usual_time, source, can_be_reworked, is_stale, deletable_at)


def build_card(scene: Scene, roster: Roster) -> SceneCard:
    siblings = {take.pk: take for take in scene.takes.all()}
    latest, shown, freshness = latest_take(scene), shown_take(scene), Freshness(scene, roster)
    return SceneCard(
        scene=scene,
        shown=shown,
        latest=build_take_entry(latest, siblings, roster, freshness) if latest else None,
        quote=quote_scene(scene, roster),
        next_take=next_take_number(scene),
        cells=[build_cell(scene, column, roster) for column in COLUMNS],
        is_stale=shown is not None and freshness.is_stale(shown),
        offer=find_offer(freshness),
    )


def find_offer(freshness: Freshness) -> TakeOffer | None:
    if take := freshness.find_newer():
        return TakeOffer(take, f"Take {take.number} ready · Use")
    take = freshness.find_alternative()
    return TakeOffer(take, f"Select take {take.number}") if take else None


def build_strip(scene: Scene, roster: Roster) -> TakeStrip:
    siblings, freshness = {take.pk: take for take in scene.takes.all()}, Freshness(scene, roster)
    entries = {pk: build_take_entry(take, siblings, roster, freshness) for pk, take in siblings.items()}
    live = [entries[take.pk] for take in reversed(live_takes(scene))]
    comparable = sum(entry.job.is_done for entry in live) > 1
    return TakeStrip(
        card=build_card(scene, roster),
        takes=live,
        deleted=[entry for entry in entries.values() if entry.job.deleted_at],
        branches=build_tree(siblings.values(), {pk: entry.model_name for pk, entry in entries.items()}),
        compare_url=reverse("compare", args=[scene.pk]) if comparable else "",
    )


def build_cell(scene: Scene, column: str, roster: Roster) -> Cell:
    value = cell_text(scene, column)
    if column == "model_id":
        return Cell(column, value, roster.model_name(value) if value else "")
    return Cell(column, value, presets.label(column, value) if value and column in presets.all_presets() else value)
