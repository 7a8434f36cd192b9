"""Amounts of money: always Decimal, in one currency."""

from __future__ import annotations

from decimal import Decimal

from core.numbers import format_number

CURRENCY, SYMBOL = "USD", "$"
#: Prices are shown in cents and stored to 0.0001, because models charge fractions of a cent.
CENT, KEPT = Decimal("0.01"), Decimal("0.0001")


def exact(total: Decimal | None) -> Decimal:
    """A sum from the database, rounded to 0.0001. None, the sum of no rows, counts as 0.

    SQLite adds decimals in floating point, so that an unrounded sum never compares equal.
    """
    return (total or Decimal(0)).quantize(KEPT)


def money(amount: Decimal) -> str:
    """“$0.40”, or “$0.0385” where cents would show a different amount than is charged."""
    if amount < 0:
        return f"-{money(-amount)}"
    cents, kept = amount.quantize(CENT), amount.quantize(KEPT)
    return f"{SYMBOL}{cents if cents == kept else format_number(kept)}"
