"""What a clip costs: pure arithmetic on catalogue prices, in Decimal."""

from dataclasses import dataclass
from decimal import Decimal

from generation.catalogue import Model

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        symbol = {"USD": "$", "EUR": "€", "GBP": "£"}.get(self.currency, f"{self.currency} ")
        return f"{symbol}{self.amount.quantize(CENT)}"

    def times(self, count: int) -> "Price":
        return Price(self.amount * count, self.currency)


def price_of(model: Model, *, resolution: str, seconds: Decimal) -> Price:
    """Raises KeyError for a resolution the model does not offer."""
    return Price(model.price_per_second[resolution] * seconds, model.currency)
