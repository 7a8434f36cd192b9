"""Amounts of money: always Decimal, in the one currency that prices, caps and costs are kept in."""

from __future__ import annotations

from decimal import Decimal

from core.numbers import format_number

CURRENCY, SYMBOL = "USD", "$"
#: What people write prices in, and the last place that is kept: models charge fractions of a cent.
CENT, KEPT = Decimal("0.01"), Decimal("0.0001")


def exact(total: Decimal | None) -> Decimal:
    """A sum the database made, to the last place that is kept: SQLite adds in floating point."""
    return (total or Decimal(0)).quantize(KEPT)


def money(amount: Decimal) -> str:
    """In cents where they suffice, else to the last place that is kept: what is shown is what is charged."""
    if amount < 0:
        return f"-{money(-amount)}"
    cents, kept = amount.quantize(CENT), amount.quantize(KEPT)
    return f"{SYMBOL}{cents if cents == kept else format_number(kept)}"
