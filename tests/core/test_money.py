"""Amounts of money as text: never less or more than what is charged."""

from decimal import Decimal

import pytest
from django.template import Context, Template

from core.money import exact, money


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
        ("-0.4000", "-$0.40"),
    ],
)
def test_an_amount_is_shown_in_cents_or_exactly(amount: str, shown: str):
    assert money(Decimal(amount)) == shown


def test_a_sum_is_rounded_to_four_decimal_places():
    assert str(exact(Decimal("0.30000000000000004"))) == "0.3000"
    assert exact(None) == 0


@pytest.mark.parametrize(
    ("context", "shown"),
    [({"price": Decimal(0)}, "$0.00"), ({"price": None}, "not possible"), ({}, "not possible")],
)
def test_a_page_distinguishes_a_price_of_zero_from_no_price(context: dict[str, Decimal | None], shown: str):
    assert Template('{{ price|money|default:"not possible" }}').render(Context(context)) == shown
