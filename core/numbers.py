"""Numbers as text."""

from __future__ import annotations

from decimal import Decimal


def format_number(value: Decimal) -> str:
    """Without trailing zeros or an exponent: 4, 6.5, 40."""
    return f"{value.normalize():f}"


def format_duration(seconds: Decimal) -> str:
    """45 s, 12 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
