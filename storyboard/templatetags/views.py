"""What templates ask for the views of a storyboard: table, filters, film and sheets.

None of it queries, but for a team's connections, once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django import template

from core.numbers import plain_number
from generation.connections import roster_for
from generation.quoting import quotes
from projects import presets
from projects.models import Project, Scene
from storyboard.filters import Sieve
from storyboard.table import COLUMNS, CellForm, raw

register = template.Library()


@dataclass(frozen=True)
class Cell:
    """One field of a scene: as it is stored, and as it is read."""

    column: str
    value: str
    text: str


@register.simple_tag
def cell_of(scene: Scene, column: str) -> Cell:
    value = raw(scene, column)
    if column == "model_id":
        return Cell(column, value, roster_for(scene.project.team_id).model_name(value) if value else "")
    return Cell(column, value, presets.label(column, value) if value and column in presets.all_presets() else value)


@register.simple_tag
def columns() -> list[str]:
    return COLUMNS


@dataclass(frozen=True)
class Heading:
    column: str
    label: str
    #: "ascending" or "descending" where the table is sorted by it.
    sorted: str
    #: The address's query that sorts by it.
    query: str


@register.simple_tag
def headings(sieve: Sieve, form: CellForm) -> list[Heading]:
    named = [("number", "No."), *form.labels(), ("take", "Take"), ("price", "Next take")]
    direction = "descending" if sieve.sort.startswith("-") else "ascending"
    sorted_by = sieve.sort.removeprefix("-")
    return [
        Heading(name, label, direction if name == sorted_by else "", sieve.sorted_by(name).query)
        for name, label in named
    ]


register.filter("plain", plain_number)


@register.filter
def camera(scene: Scene) -> str:
    """How the scene is filmed, in a few words."""
    fields = ("shot_type", "camera_angle", "camera_move", "lens")
    return ", ".join(presets.label(field, key) for field in fields if (key := getattr(scene, field)))


@register.simple_tag
def model_options(project: Project) -> list[tuple[str, str]]:
    return quotes.model_options(roster_for(project.team_id))


@register.simple_tag
def models_in(project: Project, scenes: Iterable[Scene], sieve: Sieve) -> list[tuple[str, str]]:
    """The models that scenes are to be made with, and the one that is asked for."""
    used = {scene.chosen_model_id for scene in scenes} | ({sieve.model} if sieve.model else set())
    roster = roster_for(project.team_id)
    named = [(model_id, roster.model_name(model_id)) for model_id in used]
    return sorted(named, key=lambda model: model[1].casefold())
