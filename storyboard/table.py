"""The storyboard as a table: which fields are columns, one cell as a form, and what is pasted from a spreadsheet.

A paste is read whole and checked whole: either all of it can be written, or `read_paste` says what is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from core.numbers import format_number
from core.plurals import count_noun
from projects import presets
from projects.models import Project, Scene
from projects.storyboard import MAX_SCENES, Value
from storyboard.forms.scene import SceneForm

COLUMNS = [
    "title",
    "action",
    "duration",
    "shot_type",
    "camera_move",
    "location",
    "time_of_day",
    "dialogue",
    "notes",
    "model_id",
]
#: Of so many things that are wrong with a paste people are told; the rest is a number.
TOLD = 4
LONGEST_PASTE = 1_000_000
_QUOTED = r'"(?:[^"]|""){0,9000}+"(?=[\t\n]|\Z)'
_CELL = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<plain>[^\t\n]*)")

#: Ids and names of the models that may be chosen.
Models = Sequence[tuple[str, str]]


class CellForm(SceneForm):
    """Some columns of one scene. Leaves all others as they are, whatever is sent."""

    class Meta(SceneForm.Meta):
        widgets = {}
        fields = COLUMNS

    def __init__(self, *args: Any, columns: Iterable[str], models: Models, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = f"As the project: {dict(models).get(self.instance.project.model_id, self.instance.project.model_id)}"
        self.fields["model_id"] = forms.ChoiceField(label="Model", required=False, choices=[("", own), *models])
        self.fields["model_id"].error_messages["invalid_choice"] = (
            "There is no model called “%(value)s” here. Choose one of the list."
        )
        self.fields["duration"].label = "Seconds"
        self.fields = {name: self.fields[name] for name in COLUMNS if name in set(columns)}

    def labels(self) -> list[tuple[str, str]]:
        """Columns and what stands above them."""
        return [(name, str(one.label)) for name, one in self.fields.items()]


def cell_text(scene: Scene, column: str) -> str:
    """What the cell holds, as it is typed."""
    return format_number(scene.duration) if column == "duration" else str(getattr(scene, column))


@dataclass
class Paste:
    """What a paste would write: values by the id of the scene, and scenes that would be added."""

    values: dict[int, dict[str, Value]] = field(default_factory=dict)
    new: list[Scene] = field(default_factory=list)


def read_paste(project: Project, scenes: Sequence[Scene], text: str, *, column: str, models: Models) -> Paste:
    """`text` as spreadsheets copy it, laid over `scenes` from `column` on to the right; what is left over becomes new.

    Raises ValidationError with a sentence for each thing that is wrong.
    """
    if column not in COLUMNS:
        raise ValidationError("Choose the column that the paste begins in.")
    columns = COLUMNS[COLUMNS.index(column) :]
    rows = _cells_of(text, most=len(columns))
    paste, wrong = Paste(), []
    for number, cells in enumerate(rows, start=1):
        scene = scenes[number - 1] if number <= len(scenes) else Scene(project=project)
        data = {name: _key_of(name, cell, models) for name, cell in zip(columns, cells, strict=False)}
        if not scene.pk and not data.get("duration"):
            data["duration"] = cell_text(scene, "duration")
        form = CellForm(data, instance=scene, columns=data if scene.pk else COLUMNS, models=models)
        wrong += _complaints(form, number)
        if scene.pk:
            paste.values[scene.pk] = cast(dict[str, Value], form.cleaned_data)
        else:
            paste.new.append(form.instance)
    if wrong:
        more = [f"And {len(wrong) - TOLD} more."] if len(wrong) > TOLD else []
        raise ValidationError(["Nothing was pasted.", *wrong[:TOLD], *more])
    return paste


def _cells_of(text: str, *, most: int) -> list[list[str]]:
    """Rows of cells; a cell that holds a tab, a line break or a quotation mark comes in quotation marks."""
    if len(text) > LONGEST_PASTE:
        raise ValidationError(f"That is more than a paste may hold: {LONGEST_PASTE:,} characters.")
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if not text.strip():
        raise ValidationError("There is nothing to paste. Copy cells in a spreadsheet first.")
    rows: list[list[str]] = [[]]
    place = 0
    while place <= len(text):
        found = _CELL.match(text, place)
        assert found is not None
        rows[-1].append(_unquoted(found["quoted"]) if found["quoted"] else found["plain"])
        if len(rows[-1]) > most:
            raise ValidationError(
                f"The paste is wider than the table, which ends {count_noun(most, 'column')} from there."
            )
        if text[found.end() : found.end() + 1] == "\n":
            rows.append([])
        if len(rows) > MAX_SCENES:
            raise ValidationError(f"A storyboard holds at most {MAX_SCENES} scenes; the paste has more rows.")
        place = found.end() + 1
    return rows


def _unquoted(quoted: str) -> str:
    """Quotation marks that nothing inside asks for were meant."""
    inside = quoted[1:-1]
    return inside.replace('""', '"') if re.search(r'[\t\n]|""', inside) else quoted


def _key_of(column: str, cell: str, models: Models) -> str:
    """What the form wants to have for what people write: the key of a preset or model for its name."""
    cell = cell.strip()
    named = presets.choices(column) if column in presets.all_presets() else models if column == "model_id" else []
    keys = {label.casefold(): key for key, label in named} | {key.casefold(): key for key, _ in named}
    return keys.get(cell.casefold(), cell)


def _complaints(form: CellForm, number: int) -> list[str]:
    if not form.instance.pk and not {"title", "action"} <= {name for name, value in form.data.items() if value}:
        return [f"Row {number} would be a new scene, which needs a title and an action."]
    return [
        f"Row {number}, {label}: {' '.join(map(str, form.errors[name]))}"
        for name, label in form.labels()
        if name in form.errors
    ]
