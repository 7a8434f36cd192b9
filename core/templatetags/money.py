from __future__ import annotations

from decimal import Decimal

from django import template

from core import numbers

register = template.Library()
register.simple_tag(numbers.money, name="amount")


@register.filter
def dollars(value: Decimal) -> str:
    return numbers.money(value, "USD")
