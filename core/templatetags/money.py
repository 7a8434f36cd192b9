from __future__ import annotations

from decimal import Decimal

from django import template

from core import money as amounts

register = template.Library()


@register.filter
def money(amount: Decimal | str | None) -> str:
    # Empty for an unknown amount, so that `default` applies. Django passes "" for a missing variable.
    return "" if amount is None or isinstance(amount, str) else amounts.money(amount)
