"""What a clip costs: pure arithmetic on catalogue prices, in Decimal."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from core.numbers import KEPT, money
from generation.catalogue import Model


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return money(self.amount, self.currency)

    def times(self, count: int) -> "Price":
        return Price(self.amount * count, self.currency)


def price_of(model: Model, *, resolution: str, seconds: Decimal) -> Price:
    """To the last place that is kept, rounded up. Raises KeyError for a resolution the model does not offer."""
    amount = model.price_per_second[resolution] * seconds
    return Price(amount.quantize(KEPT, ROUND_UP), model.currency)
