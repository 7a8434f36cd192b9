"""What a price looks like: never less, or more, than what is charged."""

from decimal import Decimal

import pytest

from generation.catalogue.pricing import Price


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.4", "$0.40"),
        ("12", "$12.00"),
        ("0.105", "$0.105"),
        ("0.0050", "$0.005"),
        ("0.525", "$0.525"),
        ("0.0234", "$0.0234"),
        ("100.0100", "$100.01"),
    ],
)
def test_a_price_is_shown_to_the_place_that_counts(amount: str, shown: str):
    assert str(Price(Decimal(amount), "USD")) == shown


def test_other_currencies():
    assert [str(Price(Decimal(3), currency)) for currency in ("EUR", "GBP", "CHF")] == ["€3.00", "£3.00", "CHF 3.00"]
