"""What a clip costs: pure arithmetic on catalogue prices, in Decimal."""

from dataclasses import dataclass
from decimal import Decimal

from generation.catalogue import Model
from teams.numbers import money


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return money(self.amount, self.currency)

    def times(self, count: int) -> "Price":
        return Price(self.amount * count, self.currency)


def price_of(model: Model, *, resolution: str, seconds: Decimal) -> Price:
    """Raises KeyError for a resolution the model does not offer."""
    return Price(model.price_per_second[resolution] * seconds, model.currency)
