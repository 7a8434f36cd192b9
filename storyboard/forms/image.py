"""The form that generates images. It shows only the options of the chosen model."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from core.number_fields import IntegerField
from generation.catalogue import Model
from generation.catalogue.pricing import image_price
from generation.connections import Roster
from generation.providers.base import ImageRequest
from generation.quoting.eligibility import availability_blockers
from generation.quoting.image_quotes import background_choices, is_free_size
from generation.quoting.quotes import describe_model, frame_size
from projects.models import Project, Reference, Scene

MODEL_DEFAULT = ("", "Model default")


def optional_choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [MODEL_DEFAULT, *((value, value) for value in values)]


class ImageRequestForm(forms.Form):
    model = forms.ChoiceField()
    role = forms.ChoiceField(choices=Reference.Role.choices, label="Use as")
    prompt = forms.CharField(max_length=32_000, widget=forms.Textarea(attrs={"rows": 5}))
    size = forms.ChoiceField(required=False)
    quality = forms.ChoiceField(required=False)
    background = forms.ChoiceField(required=False)
    output_format = forms.ChoiceField(required=False, label="Format")
    style = forms.ChoiceField(required=False)
    count = IntegerField(required=False, min_value=1, max_value=100, initial=1, label="Number of images")
    images = forms.MultipleChoiceField(required=False, label="Based on", widget=forms.CheckboxSelectMultiple)
    kind = forms.ChoiceField(choices=Reference.Kind.choices, required=False)
    label = forms.CharField(max_length=120, required=False, label="Name")
    click = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any, *, project: Project, scene: Scene | None, models: list[Model], roster: Roster, **kwargs: Any
    ) -> None:
        self.roster = roster
        super().__init__(data, **kwargs)
        by_id = {model.id: model for model in models}
        self.chosen_model = by_id.get((data or {}).get("model", "")) or models[0]
        self._set_choices("model", [(model.id, describe_model(model, roster)) for model in models])
        self.initial.setdefault("model", self.chosen_model.id)
        # Sent back with the form: the same click starts one job only, however often it arrives.
        self.initial.setdefault("click", uuid.uuid4())
        self._limit_to_model(scene)
        self._limit_to_role(scene)
        self._limit_inputs(project, scene)

    def _limit_to_model(self, scene: Scene | None) -> None:
        model = self.chosen_model
        sizes = model.image_sizes
        if scene and model.free_size and is_free_size(size := "{}x{}".format(*frame_size(scene, self.roster))):
            sizes = (*sizes, size)
        self._set_options("size", sizes)
        self._set_options("quality", model.qualities)
        self._set_options("background", background_choices(model))
        self._set_options("output_format", model.formats)
        self._set_options("style", model.styles)

    def _limit_to_role(self, scene: Scene | None) -> None:
        # A frame is one picture without kind or name.
        self._set_choices("role", Reference.Role.choices if scene else [("reference", "Reference")])
        is_frame = (self.data.get("role") or self.initial.get("role")) in Reference.FRAMES
        if is_frame or self.chosen_model.max_images == 1:
            del self.fields["count"]
        for name in ("kind", "label") if is_frame else ():
            del self.fields[name]

    def _limit_inputs(self, project: Project, scene: Scene | None) -> None:
        # Pictures to work from, for models that can edit.
        pictures = [*(scene.references.all() if scene else ()), *project.references.filter(scene=None)]
        names = [(picture.image.name, str(picture)) for picture in pictures if not picture.deleted_at]
        if self.chosen_model.supports.edit and names:
            self._set_choices("images", names)
        else:
            del self.fields["images"]

    def _set_choices(self, name: str, values: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = values
        label = str(field.label or name).lower()
        field.error_messages["invalid_choice"] = f"No {label} “%(value)s”. Choose one from the list."

    def _set_options(self, name: str, values: tuple[str, ...]) -> None:
        # Remove an option that the model does not have. A value posted for it anyway is ignored.
        if values:
            self._set_choices(name, optional_choices(values))
        else:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        empty = {"kind": "", "label": "", "images": [], "count": 1, "click": None}
        return empty | {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def request(self) -> ImageRequest:
        # The request of a valid form.
        values = self.cleaned_data
        names = ("size", "quality", "background", "output_format", "style")
        chosen = {name: values[name] for name in names if values.get(name)}
        return ImageRequest(prompt=values["prompt"], model=self.chosen_model.id, count=values["count"], **chosen)

    @property
    def price(self) -> Decimal:
        # The estimate for the current choices.
        chosen = {name: self[name].value() or "" for name in ("size", "quality", "prompt") if name in self.fields}
        count = self["count"].value() if "count" in self.fields else 1
        number = int(count) if str(count).isdecimal() and len(str(count)) < 4 else 1
        inputs = len(self["images"].value() or ()) if "images" in self.fields else 0
        return image_price(self.chosen_model, count=number, inputs=inputs, **chosen)

    @property
    def blockers(self) -> list[str]:
        return [*availability_blockers(self.chosen_model, self.roster)]
