"""One style for many scenes: what was asked for, and what it would change. storyboard.py does it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from generation.models import shown_take
from projects import presets
from projects.models import Project, Scene, field_name
from projects.storyboard import style_changes
from storyboard.forms.widgets import PresetSelect

#: In place of a preset: the scene says nothing of its own. An empty choice leaves a field as it is.
CLEAR = "-"
#: What the whole film has comes first.
FIELDS = (*Project.STYLE_FIELDS, *(name for name in presets.all_presets() if name not in Project.STYLE_FIELDS))


class StyleForm(forms.Form):
    """A choice for each preset field, the scenes it is for, and whether scenes keep what they already say."""

    scenes = forms.TypedMultipleChoiceField(
        coerce=int,
        error_messages={
            "required": "Choose at least one scene.",
            "invalid_choice": "One of these scenes is no longer in the storyboard. Here are those that are.",
        },
    )
    only_empty = forms.BooleanField(required=False, label="Only where a scene says nothing yet")

    def __init__(self, *args: Any, project: Project, scenes: Sequence[Scene], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        every_scene = self.fields["scenes"]
        assert isinstance(every_scene, forms.TypedMultipleChoiceField)
        every_scene.choices = [(scene.pk, str(scene)) for scene in scenes]
        every_scene.initial = [scene.pk for scene in scenes]
        for name in FIELDS:
            inherited = getattr(project, name) if name in Project.STYLE_FIELDS else ""
            cleared = f"As the project: {presets.label(name, inherited)}" if inherited else "Nothing"
            label = field_name(name).capitalize()
            self.fields[name] = forms.ChoiceField(
                label=label,
                required=False,
                choices=[("", "Leave as it is"), (CLEAR, cleared), *presets.choices(name)],
                widget=PresetSelect(name),
                error_messages={
                    "invalid_choice": f"There is no {label.lower()} called “%(value)s”. Choose one of the list."
                },
            )

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.values:
            raise ValidationError("Choose what to set first.")
        return self.cleaned_data

    @property
    def values(self) -> dict[str, str]:
        """What the fields shall be, for those that shall be something."""
        chosen = {name: self.cleaned_data.get(name, "") for name in FIELDS}
        return {name: "" if value == CLEAR else value for name, value in chosen.items() if value}

    @property
    def checked(self) -> set[str]:
        """The scenes that are ticked, as the page sends them."""
        return {str(value) for value in self["scenes"].value() or []}

    def preset_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in FIELDS]


@dataclass(frozen=True)
class Change:
    """What becomes of one scene, in people's words; `stale` if its clip then no longer shows what the scene says."""

    scene: Scene
    fields: list[tuple[str, str, str]]
    stale: bool


def plan_changes(scenes: Sequence[Scene], values: Mapping[str, str], *, only_empty: bool) -> list[Change]:
    """For scenes with their takes and references loaded; scenes that stay as they are are left out."""
    changes = []
    for scene in scenes:
        if news := style_changes(scene, values, only_empty=only_empty):
            fields = [
                (field_name(name), _said(scene, name, getattr(scene, name)), _said(scene, name, value))
                for name, value in news.items()
            ]
            changes.append(Change(scene, fields, _turns_stale(scene, news)))
    return changes


def _said(scene: Scene, name: str, value: str) -> str:
    if value:
        return presets.label(name, value)
    return "as the project" if name in Project.STYLE_FIELDS and getattr(scene.project, name) else "nothing"


def _turns_stale(scene: Scene, news: Mapping[str, str]) -> bool:
    take = shown_take(scene)
    if take is None or take.scene_digest != scene.digest():
        return False
    restyled = copy.copy(scene)
    for name, value in news.items():
        setattr(restyled, name, value)
    return bool(restyled.digest() != take.scene_digest)
