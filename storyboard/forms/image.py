"""The form that asks for pictures: it shows what the chosen model takes, and nothing else."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django import forms

from generation.catalogue import Model
from generation.connections import Roster
from generation.providers.base import ImageRequest
from generation.quoting.eligibility import availability_blockers
from generation.quoting.image_quotes import background_choices, image_price, is_free_size
from generation.quoting.quotes import describe_model, frame_size
from projects.models import Project, Reference, Scene

AS_THE_MODEL_DOES = ("", "As the model does")


def choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [AS_THE_MODEL_DOES, *((value, value) for value in values)]


class ImageRequestForm(forms.Form):
    model = forms.ChoiceField()
    role = forms.ChoiceField(choices=Reference.Role.choices, label="It becomes the scene's")
    prompt = forms.CharField(max_length=32_000, widget=forms.Textarea(attrs={"rows": 5}))
    size = forms.ChoiceField(required=False)
    quality = forms.ChoiceField(required=False)
    background = forms.ChoiceField(required=False)
    output_format = forms.ChoiceField(required=False, label="Format")
    style = forms.ChoiceField(required=False)
    count = forms.IntegerField(required=False, min_value=1, initial=1, label="How many")
    images = forms.MultipleChoiceField(required=False, label="Made from", widget=forms.CheckboxSelectMultiple)
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
        self._choose("model", [(model.id, describe_model(model, roster)) for model in models])
        self.initial.setdefault("model", self.chosen_model.id)
        self.initial.setdefault("click", uuid.uuid4())
        sizes = self.chosen_model.image_sizes
        if scene and self.chosen_model.free_size and is_free_size(own := "{}x{}".format(*frame_size(scene, roster))):
            sizes = (*sizes, own)
        self._offer("size", sizes)
        self._offer("quality", self.chosen_model.qualities)
        self._offer("background", background_choices(self.chosen_model))
        self._offer("output_format", self.chosen_model.formats)
        self._offer("style", self.chosen_model.styles)
        self._choose("role", Reference.Role.choices if scene else [("reference", "Reference")])
        role = (data or {}).get("role") or self.initial.get("role")
        is_frame = role in Reference.FRAMES
        for name in ("kind", "label", "count") if is_frame else ():
            del self.fields[name]
        if not is_frame and self.chosen_model.max_images == 1:
            del self.fields["count"]
        pictures = [*(scene.references.all() if scene else ()), *project.references.filter(scene=None)]
        names = [(picture.image.name, str(picture)) for picture in pictures if not picture.deleted_at]
        if self.chosen_model.takes.edit and names:
            self._choose("images", names)
        else:
            del self.fields["images"]

    def _choose(self, name: str, values: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = values
        label = str(field.label or name).lower()
        field.error_messages["invalid_choice"] = f"There is no {label} called “%(value)s” here. Choose one of the list."

    def _offer(self, name: str, values: tuple[str, ...]) -> None:
        """A field that the model does not have is not shown; what is sent for it is refused by the one check."""
        if values:
            self._choose(name, choices(values))
        else:
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        empty = {"kind": "", "label": "", "images": [], "count": 1, "click": None}
        return empty | {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    def request(self) -> ImageRequest:
        """What a valid form asks for."""
        asked = self.cleaned_data
        names = ("size", "quality", "background", "output_format", "style")
        chosen = {name: asked[name] for name in names if asked.get(name)}
        return ImageRequest(prompt=asked["prompt"], model=self.chosen_model.id, count=asked["count"], **chosen)

    @property
    def price(self) -> Decimal | None:
        """Of what is chosen now; None where the provider counts tokens and tells afterwards."""
        chosen = {name: self[name].value() or "" for name in ("size", "quality") if name in self.fields}
        count = self["count"].value() if "count" in self.fields else 1
        number = int(count) if str(count).isdecimal() and len(str(count)) < 4 else 1
        return image_price(self.chosen_model, chosen.get("size", ""), chosen.get("quality", ""), number)

    @property
    def blockers(self) -> list[str]:
        return [*availability_blockers(self.chosen_model, self.roster)]
