"""The price of a clip: pure Decimal arithmetic on catalogue prices."""

from decimal import ROUND_UP, Decimal

from core.money import KEPT
from generation.catalogue import Model


def clip_price(model: Model, *, resolution: str, seconds: Decimal) -> Decimal:
    """In US dollars, rounded up to the last stored place. Raises KeyError for a resolution without a price."""
    return (model.price_per_second[resolution] * seconds).quantize(KEPT, ROUND_UP)
