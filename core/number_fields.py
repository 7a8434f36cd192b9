"""Number fields of forms. They replace those of `django.forms`, which accept any number of digits and exponents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from core.numbers import is_plain


class _Plain(forms.Field):
    def clean(self, value: Any) -> Any:
        if value not in self.empty_values and not is_plain(str(value)):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().clean(value)


class IntegerField(_Plain, forms.IntegerField):  # noqa: TID251  # this is the bounded one
    def __init__(self, *, min_value: int, max_value: int, **kwargs: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **kwargs)


class DecimalField(_Plain, forms.DecimalField):  # noqa: TID251  # this is the bounded one
    def __init__(
        self, *, min_value: Decimal | int, max_value: Decimal | int, decimal_places: int, **kwargs: Any
    ) -> None:
        max_digits = len(str(int(max_value))) + decimal_places
        super().__init__(
            min_value=min_value, max_value=max_value, max_digits=max_digits, decimal_places=decimal_places, **kwargs
        )
