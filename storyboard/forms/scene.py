from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models.fields import BLANK_CHOICE_DASH

from projects import presets, references
from projects.edit_conflicts import Conflict, SeenDigests, digest_value, form_text, merge_changes
from projects.models import Project, Reference, Resolution, Scene
from storyboard.forms.widgets import PresetSelect, preset_widgets
from teams.access import editable_teams
from teams.models import Team, User

BLANK_CHOICE = "-"
DJANGO_BLANK = BLANK_CHOICE_DASH[0][1]


class ProjectForm(forms.ModelForm[Project]):
    """Asks for the team only for a new project, and only if there is more than one team to choose from."""

    class Meta:
        model = Project
        fields = ["title", "team", "aspect_ratio", "resolution", *Project.STYLE_FIELDS]
        widgets = preset_widgets() | {
            "title": forms.TextInput(attrs={"placeholder": "The lighthouse keeper", "autofocus": True})
        }
        labels = {
            "visual_style": "Default visual style",
            "color_grading": "Default colour grading",
            "lighting": "Default lighting",
            "lens": "Default lens",
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
        label_choices(self)


class SceneForm(forms.ModelForm[Scene]):
    """Every field of a scene, in the inspector's groups. Only title and action are required.

    It carries digests of the values it was opened with (`seen`), so that two people can edit one scene: see
    `projects/edit_conflicts.py`.
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
        "Custom prompt": ["custom_prompt"],
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
        "notes": "For the team; not sent to models",
    }

    class Meta:
        model = Scene
        fields = ["title", "duration", "notes", "model_id", "scene_resolution", "audio", "seed", *Scene.SHOT_FIELDS]
        widgets = preset_widgets() | {"model_id": forms.HiddenInput}
        labels = {"custom_prompt": "Custom prompt"}
        help_texts = {
            "duration": "Seconds, 1 to 60",
            "seed": "Same seed, similar result (where supported)",
            "custom_prompt": "Sent as written; the other fields are ignored",
        }
        error_messages = {
            "duration": {"invalid": "Enter the seconds as a number, such as 4 or 6.5."}
            | dict.fromkeys(["min_value", "max_value", "max_digits", "max_whole_digits"], "Enter 1 to 60 seconds.")
            | {"max_decimal_places": "Enter tenths of a second at most, such as 6.5."}
        }

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.conflicts: list[Conflict] = []
        self.seen = SeenDigests.from_scene(self.instance, self.fields)
        if data is not None:
            self.data = self.seen.read_posted(data, self.instance)
        label_choices(self)
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 4 if name == "action" else 2
            if name in self.PLACEHOLDERS:
                field.widget.attrs["placeholder"] = self.PLACEHOLDERS[name]
        project = self.instance.project
        if "scene_resolution" in self.fields:
            resolution = cast(forms.TypedChoiceField, self.fields["scene_resolution"])
            resolution.choices = [("", f"Project default: {project.get_resolution_display()}"), *Resolution.choices]
        for name in Project.STYLE_FIELDS:
            if name in self.fields and (inherited := getattr(project, name)):
                field = cast(forms.TypedChoiceField, self.fields[name])
                field.choices = [("", f"Project default: {presets.label(name, inherited)}"), *presets.choices(name)]
                cast(PresetSelect, field.widget).inherited = inherited

    def clean(self) -> dict[str, Any]:
        """Normalize line ends: browsers post \\r\\n, and unchanged text must keep its digest."""
        super().clean()
        for name, value in self.cleaned_data.items():
            if isinstance(value, str):
                self.cleaned_data[name] = value.replace("\r\n", "\n")
        return self.cleaned_data

    def save_changes(self, *, in_part: bool = False) -> bool:
        # Merge this person's changes into the stored scene, as `merge_changes` does. Returns False on a conflict.
        merge = merge_changes(self.instance.pk, self.cleaned_data, self.seen, in_part=in_part)
        self.conflicts = [self._conflict(merge.stored, name) for name in self.fields if name in merge.conflicting]
        for conflict in self.conflicts:
            self.add_error(conflict.name, "Another member changed this too. Choose one of the two texts above.")
        return not self.conflicts

    def _conflict(self, stored: Scene, name: str) -> Conflict:
        field = self.fields[name]
        labels = dict(cast(Iterable[tuple[str, str]], field.choices)) if isinstance(field, forms.ChoiceField) else {}
        submitted, current = (form_text(value) for value in (self.cleaned_data[name], getattr(stored, name)))
        return Conflict(
            name=name,
            label=str(self[name].label),
            submitted=labels.get(submitted, submitted),
            stored=labels.get(current, current),
            digest=digest_value(current),
        )

    def groups(self) -> list[tuple[str, list[forms.BoundField], bool]]:
        # The fields of the prompt as (heading, fields, whether the group starts open); the custom prompt comes first.
        own = "Custom prompt" if self["custom_prompt"].value() else ""
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
    """An uploaded frame or reference. The cleaned `image` is safe to store: see `references.clean_picture`."""

    role = forms.ChoiceField(choices=Reference.Role.choices)
    kind = forms.ChoiceField(choices=Reference.Kind.choices, required=False)
    label = forms.CharField(max_length=120, required=False)
    image = forms.FileField(error_messages={"required": "Choose an image first.", "empty": "This file is empty."})

    def __init__(self, *args: Any, scene: Scene | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scene = scene

    def clean_role(self) -> str:
        role: str = self.cleaned_data["role"]
        if self.scene is None and role != Reference.Role.REFERENCE:
            raise ValidationError("Frames belong to a scene. Upload a reference for the project.")
        return role

    def clean_image(self) -> ContentFile[bytes]:
        upload = self.cleaned_data["image"]
        return references.clean_picture(upload.file, upload.size)


def label_choices(form: forms.BaseForm) -> None:
    # Show a blank choice as one dash, and name the value in the error of an unknown choice.
    for field in form.fields.values():
        if isinstance(field, forms.TypedChoiceField):
            choices = cast(Iterable[tuple[str, str]], field.choices)
            field.choices = [(value, BLANK_CHOICE if label == DJANGO_BLANK else label) for value, label in choices]
            name = (field.label or "choice").lower()
            field.error_messages["invalid_choice"] = f"No {name} “%(value)s”. Choose one from the list."
