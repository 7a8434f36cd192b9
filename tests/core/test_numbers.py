"""Numbers as text."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.numbers import format_number


@pytest.mark.parametrize(("value", "shown"), [("4.0", "4"), ("6.50", "6.5"), ("40", "40"), ("0.0", "0")])
def test_a_number_has_no_trailing_zeros(value: str, shown: str):
    assert format_number(Decimal(value)) == shown
