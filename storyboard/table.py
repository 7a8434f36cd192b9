"""The storyboard as a table: its columns, the form of one cell, and pastes from a spreadsheet.

A paste is all or nothing: `read_paste` returns every value to write, or raises the reasons why it cannot be written.
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
from projects.scene_edits import MAX_SCENES, Value
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
#: A refused paste lists this many errors, and counts the others.
MAX_LISTED_ERRORS = 4
LONGEST_PASTE = 1_000_000
# Bounded and possessive, so that quotation marks that are never closed take linear time; 9,000 characters are more than the
# longest field has with every quotation mark doubled.
_QUOTED = r'"(?:[^"]|""){0,9000}+"(?=[\t\n]|\Z)'
_CELL = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<plain>[^\t\n]*)")

#: Ids and names of the available models.
Models = Sequence[tuple[str, str]]


class CellForm(SceneForm):
    """Some columns of one scene. Ignores any other posted field."""

    class Meta(SceneForm.Meta):
        widgets = {}
        fields = COLUMNS

    def __init__(self, *args: Any, columns: Iterable[str], models: Models, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        project_model = self.instance.project.model_id
        default = f"Project default: {dict(models).get(project_model, project_model)}"
        self.fields["model_id"] = forms.ChoiceField(label="Model", required=False, choices=[("", default), *models])
        self.fields["model_id"].error_messages["invalid_choice"] = "No model “%(value)s”. Choose one from the list."
        self.fields["duration"].label = "Seconds"
        self.fields = {name: self.fields[name] for name in COLUMNS if name in set(columns)}

    def labels(self) -> list[tuple[str, str]]:
        # Columns and their headings.
        return [(name, str(field.label)) for name, field in self.fields.items()]


def cell_text(scene: Scene, column: str) -> str:
    # The cell's value as people type it.
    return format_number(scene.duration) if column == "duration" else str(getattr(scene, column))


@dataclass
class Paste:
    """The content of a valid paste: values by scene id, and unsaved new scenes."""

    values: dict[int, dict[str, Value]] = field(default_factory=dict)
    new: list[Scene] = field(default_factory=list)


def read_paste(project: Project, scenes: Sequence[Scene], text: str, *, column: str, models: Models) -> Paste:
    """Match the copied cells to `scenes`, row by row, from `column` to the right; extra rows become new scenes.

    Raises ValidationError with a sentence for each error.
    """
    if column not in COLUMNS:
        raise ValidationError("Choose the column to start pasting in.")
    columns = COLUMNS[COLUMNS.index(column) :]
    rows = _split_cells(text, max_columns=len(columns))
    paste, errors = Paste(), []
    for number, cells in enumerate(rows, start=1):
        scene = scenes[number - 1] if number <= len(scenes) else Scene(project=project)
        data = {name: _find_key(name, cell, models) for name, cell in zip(columns, cells, strict=False)}
        if not scene.pk and not data.get("duration"):
            data["duration"] = cell_text(scene, "duration")
        form = CellForm(data, instance=scene, columns=data if scene.pk else COLUMNS, models=models)
        errors += _describe_errors(form, number)
        if scene.pk:
            paste.values[scene.pk] = cast(dict[str, Value], form.cleaned_data)
        else:
            paste.new.append(form.instance)
    if errors:
        more = [f"And {len(errors) - MAX_LISTED_ERRORS} more."] if len(errors) > MAX_LISTED_ERRORS else []
        raise ValidationError(["Nothing was pasted.", *errors[:MAX_LISTED_ERRORS], *more])
    return paste


def _split_cells(text: str, *, max_columns: int) -> list[list[str]]:
    # Rows of cells as spreadsheets copy them: cells with a tab, line break or quotation mark are quoted.
    if len(text) > LONGEST_PASTE:
        raise ValidationError(f"A paste can have up to {LONGEST_PASTE:,} characters.")
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    if not text.strip():
        raise ValidationError("Nothing to paste. Copy cells in a spreadsheet first.")
    rows: list[list[str]] = [[]]
    position = 0
    while position <= len(text):
        match = _CELL.match(text, position)
        assert match is not None
        rows[-1].append(_unquote(match["quoted"]) if match["quoted"] else match["plain"])
        if len(rows[-1]) > max_columns:
            columns = count_noun(max_columns, "column")
            raise ValidationError(f"The paste is wider than the table: only {columns} from there to the right.")
        if text[match.end() : match.end() + 1] == "\n":
            rows.append([])
        if len(rows) > MAX_SCENES:
            raise ValidationError(f"A storyboard can have up to {MAX_SCENES} scenes; the paste has more rows.")
        position = match.end() + 1
    return rows


def _unquote(quoted: str) -> str:
    # The cell's text. Spreadsheets quote only cells that need it, so any other quotation marks belong to the text.
    inside = quoted[1:-1]
    return inside.replace('""', '"') if re.search(r'[\t\n]|""', inside) else quoted


def _find_key(column: str, cell: str, models: Models) -> str:
    # The key of the preset or model that the cell names by key or label; any other text unchanged.
    cell = cell.strip()
    options = presets.choices(column) if column in presets.all_presets() else models if column == "model_id" else []
    keys = {label.casefold(): key for key, label in options} | {key.casefold(): key for key, _ in options}
    return keys.get(cell.casefold(), cell)


def _describe_errors(form: CellForm, number: int) -> list[str]:
    if not form.instance.pk and not {"title", "action"} <= {name for name, value in form.data.items() if value}:
        return [f"Row {number}: a new scene needs a title and an action."]
    return [
        f"Row {number}, {label}: {' '.join(map(str, form.errors[name]))}"
        for name, label in form.labels()
        if name in form.errors
    ]
