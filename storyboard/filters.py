"""Filters and sorting of a storyboard's scenes. They live in the page's query string; unknown values are ignored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import TextChoices
from django.http import QueryDict

from core.text import fold
from generation.connections import Roster
from generation.models import is_final, latest_take, shown_take
from generation.quoting.freshness import Freshness
from projects import presets
from projects.models import Scene
from storyboard.table import COLUMNS

Key = Callable[[Scene], Any]
FindRoster = Callable[[], Roster]

SEARCHED = ("title", "action", "subject", "dialogue", "location", "notes")
LONGEST_TEXT = 200


class State(TextChoices):
    """Several can apply to one scene: its latest take failed, and the older take it shows is stale."""

    NO_TAKE = "no-take", "No take"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed or needs review"
    STALE = "stale", "Stale"


def matches_state(scene: Scene, state: State, find_roster: FindRoster) -> bool:
    latest, shown = latest_take(scene), shown_take(scene)
    match state:
        case State.NO_TAKE:
            return shown is None and not (latest and latest.is_active)
        case State.RUNNING:
            return latest is not None and latest.is_active
        case State.DONE:
            return shown is not None and is_final(shown, scene)
        case State.FAILED:
            return latest is not None and latest.has_failed
        case State.STALE:
            return shown is not None and Freshness(scene, find_roster()).is_stale(shown)


def _build_sort_key(column: str) -> Key:
    if column in presets.all_presets():
        places = {preset.key: place for place, preset in enumerate(presets.all_presets()[column])}
        return lambda scene: places.get(getattr(scene, column), len(places))
    if column == "duration":
        return lambda scene: scene.duration
    return lambda scene: (not getattr(scene, column), fold(getattr(scene, column)))


#: Sort keys that need only the scene's own fields.
KEYS: dict[str, Key] = {
    **{column: _build_sort_key(column) for column in COLUMNS},
    "number": lambda scene: scene.position,
    "model_id": lambda scene: scene.chosen_model_id,
}


@dataclass(frozen=True)
class SceneFilter:
    state: State | None = None
    text: str = ""
    model: str = ""
    #: The column to sort by; a leading minus sorts descending.
    sort: str = ""

    @classmethod
    def from_query(cls, query: QueryDict) -> SceneFilter:
        state = query.get("state", "")
        return cls(
            state=State(state) if state in State.values else None,
            text=query.get("text", "").strip()[:LONGEST_TEXT],
            model=query.get("model", ""),
            sort=query.get("sort", ""),
        )

    @property
    def is_filtering(self) -> bool:
        return bool(self.state or self.text or self.model)

    @property
    def query(self) -> str:
        # The filter as a query string with its leading "?"; empty if nothing is set.
        parameters = {"state": self.state or "", "text": self.text, "model": self.model, "sort": self.sort}
        encoded = urlencode({name: value for name, value in parameters.items() if value})
        return f"?{encoded}" if encoded else ""

    @property
    def unfiltered(self) -> SceneFilter:
        return SceneFilter(sort=self.sort)

    @property
    def states(self) -> list[tuple[str, str]]:
        return State.choices

    def sorted_by(self, column: str) -> SceneFilter:
        # Sorted by the column; descending if it already sorts by that column.
        return replace(self, sort=f"-{column}" if self.sort == column else column)

    def apply(self, scenes: Iterable[Scene], find_roster: FindRoster, more_keys: Mapping[str, Key] = {}) -> list[Scene]:
        # The matching scenes in order; `more_keys` adds columns to sort by. Only the state “stale” needs the roster.
        shown = [scene for scene in scenes if self._matches(scene, find_roster)]
        key = (KEYS | dict(more_keys)).get(self.sort.removeprefix("-"))
        return sorted(shown, key=key, reverse=self.sort.startswith("-")) if key else shown

    def _matches(self, scene: Scene, find_roster: FindRoster) -> bool:
        if self.state and not matches_state(scene, self.state, find_roster):
            return False
        if self.model and scene.chosen_model_id != self.model:
            return False
        wanted = fold(self.text)
        return not wanted or any(wanted in fold(getattr(scene, name)) for name in SEARCHED)
