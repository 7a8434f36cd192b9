"""The form of a budget's caps and thresholds."""

from __future__ import annotations

from typing import Any

from django import forms

from core.money import CENT
from generation.models import Budget


class CapsForm(forms.ModelForm[Budget]):
    """An empty amount means no cap, or never ask."""

    PLACEHOLDERS = {"cap_total": "no cap", "cap_month": "no cap", "confirm_above": "never ask"}

    class Meta:
        model = Budget
        fields = ["cap_total", "cap_month", "confirm_above", "warn_at"]
        labels = {
            "cap_total": "Total cap",
            "cap_month": "Monthly cap",
            "confirm_above": "Ask above",
            "warn_at": "Warn at (%)",
        }
        error_messages = {
            "warn_at": dict.fromkeys(
                ["invalid", "required", "min_value", "max_value"], "Enter a whole number from 1 to 100."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, placeholder in self.PLACEHOLDERS.items():
            field = self.fields[name]
            field.widget = forms.NumberInput(attrs={"step": "0.01", "min": "0", "placeholder": placeholder})
            field.error_messages |= {
                "invalid": "Enter an amount such as 25 or 9.50.",
                "min_value": "Enter 0 or more.",
            }
            if self.initial.get(name) is not None:
                self.initial[name] = self.initial[name].quantize(CENT)
