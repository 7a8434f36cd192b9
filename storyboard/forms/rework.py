from __future__ import annotations

from django import forms

from generation.providers.base import Task


class ReworkForm(forms.Form):
    """Remix, extend or edit a finished take."""

    task = forms.ChoiceField(choices=[(task.value, task.value) for task in (Task.REMIX, Task.EXTEND, Task.EDIT)])
    take = forms.IntegerField()
    prompt = forms.CharField(
        max_length=32_000,
        widget=forms.Textarea(attrs={"rows": 4, "autofocus": True, "placeholder": "The same, but at night"}),
        error_messages={"required": "Describe what to change, or how it continues."},
    )
