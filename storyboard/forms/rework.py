from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from core.number_fields import IntegerField
from core.numbers import MAX_INTEGER, format_number
from generation.providers.base import Task


class ReworkForm(forms.Form):
    """Remix, extend or edit a finished take. `lengths` are those of an extension, in seconds."""

    task = forms.ChoiceField(choices=[(task.value, task.value) for task in (Task.REMIX, Task.EXTEND, Task.EDIT)])
    take = IntegerField(min_value=1, max_value=MAX_INTEGER)
    seconds = forms.TypedChoiceField(coerce=Decimal, empty_value=None, required=False, label="Extend by")
    prompt = forms.CharField(
        max_length=32_000,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True, "placeholder": "The same, but at night"}),
        error_messages={"required": "Describe what to change, or how it continues."},
    )

    def __init__(self, data: QueryDict | None, lengths: Sequence[Decimal], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.lengths = {format_number(length): length for length in lengths}
        choice = self.fields["seconds"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(text, f"{text} s") for text in self.lengths]
        if len(lengths) < 2:
            del self.fields["seconds"]

    @property
    def length(self) -> Decimal | None:
        # The chosen length of an extension; None if there is no choice.
        return self.lengths.get(self["seconds"].value()) if "seconds" in self.fields else None
