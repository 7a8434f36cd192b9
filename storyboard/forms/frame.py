from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.number_fields import DecimalField
from core.numbers import format_number
from generation.media import stills
from generation.models import Generation
from projects.models import Reference

FRAMES = [(role, label) for role, label in Reference.Role.choices if role in Reference.FRAMES]


#: In seconds: no clip is longer than a day.
LONGEST_CLIP = 86_400


class FrameForm(forms.Form):
    """Which frame of a take to use, and as what: the scene's start or end frame, or a reference."""

    use = forms.ChoiceField(choices=[*FRAMES, *Reference.Kind.choices])
    label = forms.CharField(max_length=120, required=False)
    moment = forms.ChoiceField(choices=[("first", "First"), ("last", "Last"), ("at", "At")])
    seconds = DecimalField(
        required=False,
        min_value=0,
        max_value=LONGEST_CLIP,
        decimal_places=6,
        error_messages={"invalid": "Enter the time in seconds, such as 1.5.", "min_value": "A clip starts at 0 s."},
    )

    def __init__(self, *args: Any, take: Generation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.take = take

    def clean_seconds(self) -> Decimal | None:
        # Checked only for the moment "at": the other buttons post the field too, and ignore it.
        seconds: Decimal | None = self.cleaned_data["seconds"]
        if self.cleaned_data.get("moment") != "at":
            return None
        if seconds is None:
            raise ValidationError("Enter the time in seconds.")
        length = self.take.clip_seconds
        if length is not None and seconds > length:
            raise ValidationError(
                f"The clip is {format_number(length)} s; there is no frame at {format_number(seconds)} s."
            )
        return seconds

    @property
    def when(self) -> stills.Moment:
        seconds = self.cleaned_data["seconds"]
        return {"first": stills.FIRST, "last": stills.LAST, "at": float(seconds or 0)}[self.cleaned_data["moment"]]

    @property
    def role(self) -> Reference.Role:
        use = self.cleaned_data["use"]
        return Reference.Role(use) if use in Reference.FRAMES else Reference.Role.REFERENCE

    @property
    def names(self) -> dict[str, str]:
        # Kind and label of a reference; empty for frames.
        if self.role in Reference.FRAMES:
            return {}
        return {"kind": self.cleaned_data["use"], "label": self.cleaned_data["label"]}
