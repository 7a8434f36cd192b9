"""Numbers as people and programs read them."""

from __future__ import annotations

from decimal import Decimal

CENT, KEPT = Decimal("0.01"), Decimal("0.0001")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def plain_number(value: Decimal) -> str:
    """4, 6.5, 40: no zeros behind, and no 4E+1."""
    return f"{value.normalize():f}"


def money(amount: Decimal, currency: str) -> str:
    """In cents where they suffice, else to the last place that is kept: what is shown is what is charged."""
    if amount < 0:
        return f"-{money(-amount, currency)}"
    symbol = SYMBOLS.get(currency, f"{currency} ")
    cents, exact = amount.quantize(CENT), amount.quantize(KEPT)
    return f"{symbol}{cents if cents == exact else plain_number(exact)}"


def roughly(seconds: Decimal) -> str:
    """45 s, 12 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
