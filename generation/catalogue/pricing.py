"""What a clip costs: pure arithmetic on catalogue prices, in Decimal."""

from decimal import ROUND_UP, Decimal

from core.money import KEPT
from generation.catalogue import Model


def clip_price(model: Model, *, resolution: str, seconds: Decimal) -> Decimal:
    """To the last place that is kept, rounded up. Raises KeyError for a resolution the model does not offer."""
    return (model.price_per_second[resolution] * seconds).quantize(KEPT, ROUND_UP)
