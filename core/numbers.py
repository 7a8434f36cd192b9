"""Numbers as text, and text from outside as numbers."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from decimal import Decimal

#: The largest number that an integer column holds in both databases.
MAX_INTEGER = 2**31 - 1
MAX_ID = 2**63 - 1
#: No exponent, which makes a gigabyte of zeros from ten characters, and neither NaN nor other scripts' digits.
_PLAIN = re.compile(r"-?(?:[0-9]{1,19}(?:\.[0-9]{0,19})?|\.[0-9]{1,19})")


class BadNumber(ValueError, ArgumentTypeError):
    """The message is a sentence, which argparse prints too."""


def is_plain(text: str) -> bool:
    """Whether it is a number of a few digits, such as -3 or 6.5."""
    return bool(_PLAIN.fullmatch(text.strip()))


def read_integer(text: str, *, least: int = 0, most: int = MAX_INTEGER) -> int:
    """Raises BadNumber."""
    if not is_plain(text) or "." in text or not least <= int(text) <= most:
        raise BadNumber(f"{text[:20]!r} is not a whole number from {least} to {most}.")
    return int(text)


def read_decimal(text: str, *, least: Decimal | int = 0, most: Decimal | int) -> Decimal:
    """Raises BadNumber."""
    if not is_plain(text) or not least <= Decimal(text) <= most:
        raise BadNumber(f"{text[:20]!r} is not a number from {least} to {most}.")
    return Decimal(text)


def format_number(value: Decimal) -> str:
    """Without trailing zeros or an exponent: 4, 6.5, 40."""
    return f"{value.normalize():f}"


def format_duration(seconds: Decimal) -> str:
    """45 s, 12 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
