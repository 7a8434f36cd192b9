from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.fields import BLANK_CHOICE_DASH

from projects import presets, references
from projects.edit_conflicts import Conflict, Seen, digest_value, form_text, merge_changes
from projects.models import Project, Reference, Resolution, Scene
from storyboard.forms.widgets import PresetSelect, preset_widgets
from teams.access import editable_teams
from teams.models import Team, User

BLANK_CHOICE = "-"
DJANGO_BLANK = BLANK_CHOICE_DASH[0][1]


class ProjectForm(forms.ModelForm[Project]):
    """A new project asks which team it belongs to only where there is a choice."""

    class Meta:
        model = Project
        fields = ["title", "team", "aspect_ratio", "resolution", *Project.STYLE_FIELDS]
        widgets = preset_widgets() | {
            "title": forms.TextInput(attrs={"placeholder": "The lighthouse keeper", "autofocus": True})
        }
        labels = {
            "visual_style": "Visual style of all scenes",
            "color_grading": "Colour grading of all scenes",
            "lighting": "Lighting of all scenes",
            "lens": "Lens of all scenes",
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.filter(pk__in=editable_teams(user))
        if self.instance.pk or teams.count() == 1:
            if not self.instance.pk:
                self.instance.team = teams.get()
            del self.fields["team"]
        else:
            self.fields["team"] = forms.ModelChoiceField(teams.order_by("name"))
        name_blank_choices(self)


class SceneForm(forms.ModelForm[Scene]):
    """Every field of a scene, in the groups the inspector shows. Only title and action are needed.

    It carries what its fields held when it was opened (`seen`), so that two people may edit one scene: see merging.py.
    """

    GROUPS = {
        "Shot": ["title", "action", "duration", "shot_type", "subject", "dialogue"],
        "Camera": ["camera_angle", "camera_move", "lens", "depth_of_field"],
        "Place and light": [
            "location",
            "time_of_day",
            "weather",
            "atmosphere",
            "lighting",
            "light_effects",
            "particles",
        ],
        "Look": ["visual_style", "color_grading"],
        "Motion and continuity": ["motion_quality", "physics", "continuity", "negative_prompt"],
        "Own prompt": ["own_prompt"],
    }
    SETTINGS = ("scene_resolution", "audio", "seed")
    PLACEHOLDERS = {
        "subject": "A keeper in a yellow oilskin",
        "dialogue": "KEEPER: Not tonight.",
        "location": "A lighthouse on a rock",
        "atmosphere": "Lonely, patient",
        "light_effects": "The beam sweeps through the spray",
        "particles": "Spray, sea fog",
        "motion_quality": "Slow and heavy",
        "physics": "Waves break and run back",
        "continuity": "He carries the lamp in his left hand",
        "negative_prompt": "Text, logos, extra people",
        "notes": "For the team; no model sees this",
    }

    class Meta:
        model = Scene
        fields = ["duration", "notes", "model_id", "scene_resolution", "audio", "seed", *Scene.SHOT_FIELDS]
        widgets = preset_widgets() | {"model_id": forms.HiddenInput}
        help_texts = {
            "duration": "Seconds, 1 to 60",
            "seed": "The same number makes models that take one begin alike",
            "own_prompt": "Sent as it stands, in place of what is made of the other fields",
        }
        error_messages = {
            "duration": {"invalid": "Enter the seconds as a number, such as 4 or 6.5."}
            | dict.fromkeys(
                ["min_value", "max_value", "max_digits", "max_whole_digits"], "A scene lasts 1 to 60 seconds."
            )
            | {"max_decimal_places": "Tenths of a second are as fine as it gets."}
        }

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.conflicts: list[Conflict] = []
        self.seen = Seen.of(self.instance, self.fields)
        if data is not None:
            self.data = self.seen.as_posted(data, self.instance)
        name_blank_choices(self)
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 4 if name == "action" else 2
            if name in self.PLACEHOLDERS:
                field.widget.attrs["placeholder"] = self.PLACEHOLDERS[name]
        project = self.instance.project
        if "scene_resolution" in self.fields:
            resolution = cast(forms.TypedChoiceField, self.fields["scene_resolution"])
            resolution.choices = [("", f"As the project: {project.get_resolution_display()}"), *Resolution.choices]
        for name in Project.STYLE_FIELDS:
            if name in self.fields and (inherited := getattr(project, name)):
                field = cast(forms.TypedChoiceField, self.fields[name])
                field.choices = [("", f"As the project: {presets.label(name, inherited)}"), *presets.choices(name)]
                cast(PresetSelect, field.widget).inherited = inherited

    def clean(self) -> dict[str, Any]:
        """Browsers end lines in their own way; the same text must stay the same."""
        super().clean()
        for name, value in self.cleaned_data.items():
            if isinstance(value, str):
                self.cleaned_data[name] = value.replace("\r\n", "\n")
        return self.cleaned_data

    def save_changes(self, *, in_part: bool = False) -> bool:
        """Merge what the person changed into the stored scene, as `merge_changes` does; whether nothing conflicted."""
        merge = merge_changes(self.instance.pk, self.cleaned_data, self.seen, in_part=in_part)
        self.conflicts = [self._conflict(merge.stored, name) for name in self.fields if name in merge.conflicting]
        for conflict in self.conflicts:
            self.add_error(conflict.name, "Somebody else has changed this too. Choose between the two texts above.")
        return not self.conflicts

    def _conflict(self, stored: Scene, name: str) -> Conflict:
        field = self.fields[name]
        offered = dict(cast(Iterable[tuple[str, str]], field.choices)) if isinstance(field, forms.ChoiceField) else {}
        mine, theirs = (form_text(value) for value in (self.cleaned_data[name], getattr(stored, name)))
        label = str(self[name].label)
        return Conflict(name, label, offered.get(mine, mine), offered.get(theirs, theirs), digest_value(theirs))

    def groups(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        """What the prompt is made of: heading, fields, whether worth opening at once; an own prompt first."""
        own = "Own prompt" if self["own_prompt"].value() else ""
        return [
            (heading, fields := [self[name] for name in names], any(field.value() or field.errors for field in fields))
            for heading, names in sorted(self.GROUPS.items(), key=lambda group: group[0] != own)
        ]

    def settings(self) -> list[forms.BoundField]:
        return [self[name] for name in self.SETTINGS]


class CardForm(SceneForm):
    """The few fields that are edited on the card itself."""

    class Meta(SceneForm.Meta):
        widgets = preset_widgets()
        fields = ["title", "action", "duration", "shot_type", "camera_move"]


class PictureForm(forms.Form):
    """An uploaded frame or reference; `image` comes out cleaned."""

    role = forms.ChoiceField(choices=Reference.Role.choices)
    kind = forms.ChoiceField(choices=Reference.Kind.choices, required=False)
    label = forms.CharField(max_length=120, required=False)
    image = forms.FileField(error_messages={"required": "Choose a picture first.", "empty": "This file is empty."})

    def __init__(self, *args: Any, scene: Scene | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scene = scene

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if self.scene is None and role != Reference.Role.REFERENCE:
            raise ValidationError("A project has references only; frames belong to a scene.")
        return role

    def clean_image(self) -> ContentFile[bytes]:
        upload = self.cleaned_data["image"]
        return references.clean_picture(upload.file, upload.size)


def name_blank_choices(form: forms.BaseForm) -> None:
    """A dash reads better than a row of them, and an unknown value is answered with what was sent."""
    for field in form.fields.values():
        if isinstance(field, forms.TypedChoiceField):
            offered = cast(Iterable[tuple[str, str]], field.choices)
            field.choices = [(value, BLANK_CHOICE if label == DJANGO_BLANK else label) for value, label in offered]
            name = (field.label or "choice").lower()
            field.error_messages["invalid_choice"] = f"There is no {name} called “%(value)s”. Choose one of the list."
