"""One style for many scenes: the form, and a plan of what it changes. `storyboard/bulk.py` applies it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from generation.connections import Roster
from generation.models import shown_take
from generation.quoting.freshness import Freshness
from projects import presets
from projects.models import Project, Scene, field_name
from projects.scene_edits import find_style_changes
from storyboard.forms.widgets import PresetSelect

#: Clears the scene's own value. An empty choice leaves the field unchanged.
CLEAR = "-"
#: Fields that a project sets for all scenes come first.
FIELDS = (*Project.STYLE_FIELDS, *(name for name in presets.all_presets() if name not in Project.STYLE_FIELDS))


class StyleForm(forms.Form):
    """A choice for each preset field, the scenes to change, and whether to keep values that are already set."""

    scenes = forms.TypedMultipleChoiceField(
        coerce=int,
        error_messages={
            "required": "Select at least one scene.",
            "invalid_choice": "One of these scenes is no longer in the storyboard. The list is now up to date.",
        },
    )
    only_empty = forms.BooleanField(required=False, label="Only empty fields")

    def __init__(self, *args: Any, project: Project, scenes: Sequence[Scene], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scene_field = self.fields["scenes"]
        assert isinstance(scene_field, forms.TypedMultipleChoiceField)
        scene_field.choices = [(scene.pk, str(scene)) for scene in scenes]
        scene_field.initial = [scene.pk for scene in scenes]
        for name in FIELDS:
            inherited = getattr(project, name) if name in Project.STYLE_FIELDS else ""
            cleared = f"Project default: {presets.label(name, inherited)}" if inherited else "Clear"
            label = field_name(name).capitalize()
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", "Keep"), (CLEAR, cleared), *presets.choices(name)],
                widget=PresetSelect(name),
                error_messages={"invalid_choice": f"No {label.lower()} “%(value)s”. Choose one from the list."},
            )

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.values:
            raise ValidationError("Choose at least one field to set.")
        return self.cleaned_data

    @property
    def values(self) -> dict[str, str]:
        # The fields to set and their values; an empty value clears the field.
        chosen = {name: self.cleaned_data.get(name, "") for name in FIELDS}
        return {name: "" if value == CLEAR else value for name, value in chosen.items() if value}

    @property
    def checked(self) -> set[str]:
        # Ids of the selected scenes, as the page posts them.
        return {str(value) for value in self["scenes"].value() or []}

    def preset_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS]


@dataclass(frozen=True)
class StyleChange:
    """What changes in one scene.

    `stale` if the take it shows becomes stale, `fields` as (name, old value, new value) for people.
    """

    scene: Scene
    fields: list[tuple[str, str, str]]
    stale: bool


def plan_changes(
    scenes: Sequence[Scene], values: Mapping[str, str], roster: Roster, *, only_empty: bool
) -> list[StyleChange]:
    # The changes of a style to scenes, which must have takes and references loaded. Omits unchanged scenes.
    changes = []
    for scene in scenes:
        if new_values := find_style_changes(scene, values, only_empty=only_empty):
            fields = [
                (
                    field_name(name),
                    _describe_value(scene, name, getattr(scene, name)),
                    _describe_value(scene, name, value),
                )
                for name, value in new_values.items()
            ]
            changes.append(StyleChange(scene, fields, _becomes_stale(scene, new_values, roster)))
    return changes


def _describe_value(scene: Scene, name: str, value: str) -> str:
    if value:
        return presets.label(name, value)
    return "project default" if name in Project.STYLE_FIELDS and getattr(scene.project, name) else "none"


def _becomes_stale(scene: Scene, new_values: Mapping[str, str], roster: Roster) -> bool:
    take = shown_take(scene)
    if take is None or Freshness(scene, roster).is_stale(take):
        return False
    restyled = copy.copy(scene)
    for name, value in new_values.items():
        setattr(restyled, name, value)
    return Freshness(restyled, roster).is_stale(take)
