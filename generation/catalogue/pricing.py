"""The price of a clip or an image: pure Decimal arithmetic on catalogue prices, in US dollars."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from core.money import KEPT, exact
from generation.catalogue.model import Model, turn

MILLION = 1_000_000
SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}")
#: For estimates. Text counts in whole thousands of tokens: less is a fraction of a cent, and typing changes no price.
IMAGE_TOKENS, TEXT_STEP, BYTES_PER_TOKEN = 4_200, 1_000, 3
#: More than any answer has: a server that reports them is not believed.
MAX_TOKENS = 10 * MILLION


def clip_price(model: Model, *, resolution: str, seconds: Decimal) -> Decimal:
    """Rounded up to the last stored place. Raises KeyError for a resolution without a price."""
    return (model.price_per_second[resolution] * seconds).quantize(KEPT, ROUND_UP)


def image_price(
    model: Model, *, size: str = "", quality: str = "", count: int = 1, prompt: str = "", inputs: int = 0
) -> Decimal:
    """The estimate for `count` images made from `inputs` images.

    Where the provider chooses size or quality, and for one that the model does not have, the highest price there is.
    """
    tables = [model.price_per_image[known] for known in _comparable_sizes(model, size)]
    price = max(table.get(quality, max(table.values())) for table in tables) * count
    if tokens := model.token_prices:
        text = len(prompt.encode()) // BYTES_PER_TOKEN // TEXT_STEP * TEXT_STEP
        price += (text * tokens.text_input + inputs * IMAGE_TOKENS * tokens.image_input) / MILLION
    return price.quantize(KEPT, ROUND_UP)


def usage_price(model: Model, usage: Mapping[str, int]) -> Decimal | None:
    """What the reported tokens cost. None where the model has fixed prices, or the report is missing or absurd.

    Input tokens that the report does not call text count as images, the more expensive kind.
    """
    tokens, output = model.token_prices, usage.get("output_tokens")
    if tokens is None or output is None:
        return None
    text = usage.get("input_tokens_details.text_tokens", 0)
    images = usage.get("input_tokens", text) - text
    if not all(0 <= count <= MAX_TOKENS for count in (text, images, output)):
        return None
    return exact((text * tokens.text_input + images * tokens.image_input + output * tokens.output) / MILLION)


def _comparable_sizes(model: Model, size: str) -> list[str]:
    # The size itself, or its landscape. A free size costs at most what the next larger one does, or one below it.
    prices = model.price_per_image
    if known := [same for same in (size, turn(size)) if same in prices]:
        return known[:1]
    if not SIZE.fullmatch(size):
        return [known for choice in model.image_sizes for known in (choice, turn(choice)) if known in prices]
    smaller = sum(_area(known) < _area(size) for known in prices)
    return sorted(prices, key=_area)[: smaller + 1]


def _area(size: str) -> int:
    width, height = size.split("x")
    return int(width) * int(height)
