"""What a clip costs: pure arithmetic on catalogue prices, in Decimal."""

from dataclasses import dataclass
from decimal import ROUND_UP, Decimal

from generation.catalogue import Model

CENT, KEPT = Decimal("0.01"), Decimal("0.0001")


@dataclass(frozen=True)
class Price:
    amount: Decimal
    currency: str

    def __str__(self) -> str:
        """In cents where they suffice, else to the last place that is kept: what is shown is what is charged."""
        symbol = {"USD": "$", "EUR": "€", "GBP": "£"}.get(self.currency, f"{self.currency} ")
        cents, exact = self.amount.quantize(CENT), self.amount.quantize(KEPT)
        return f"{symbol}{cents if cents == exact else exact.normalize()}"

    def times(self, count: int) -> "Price":
        return Price(self.amount * count, self.currency)


def price_of(model: Model, *, resolution: str, seconds: Decimal) -> Price:
    """To the last place that is kept, rounded up. Raises KeyError for a resolution the model does not offer."""
    amount = model.price_per_second[resolution] * seconds
    return Price(amount.quantize(KEPT, ROUND_UP), model.currency)
