"""The models as data: capabilities and prices that form, pipeline and command line all read from here.

models.toml is read once, when the first model is asked for; a key that is missing or unknown stops the start with the
model's name.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ImproperlyConfigured

MODELS_FILE = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class Model:
    """What one model takes and costs. Prices are per second of clip, by resolution; durations in seconds."""

    id: str
    name: str
    maker: str
    provider: str
    kind: str
    summary: str
    resolutions: tuple[str, ...]
    aspect_ratios: tuple[str, ...]
    min_seconds: Decimal
    max_seconds: Decimal
    audio: bool
    currency: str
    price_per_second: MappingProxyType[str, Decimal]
    source: str
    checked_on: date


def read_model(row: dict[str, Any]) -> Model:
    name = row.get("id", "a model without id")
    expected = {field.name for field in fields(Model)}
    if wrong := expected ^ row.keys():
        raise ImproperlyConfigured(f"{MODELS_FILE.name}: {name}: missing or unknown: {', '.join(sorted(wrong))}")
    prices = {resolution: Decimal(price) for resolution, price in row["price_per_second"].items()}
    if set(prices) != set(row["resolutions"]):
        raise ImproperlyConfigured(f"{MODELS_FILE.name}: {name}: every resolution needs a price, and only those")
    return Model(
        **row
        | {
            "resolutions": tuple(row["resolutions"]),
            "aspect_ratios": tuple(row["aspect_ratios"]),
            "min_seconds": Decimal(row["min_seconds"]),
            "max_seconds": Decimal(row["max_seconds"]),
            "price_per_second": MappingProxyType(prices),
        }
    )


@cache
def all_models() -> MappingProxyType[str, Model]:
    rows = tomllib.loads(MODELS_FILE.read_text(encoding="utf-8"))["model"]
    return MappingProxyType({row["id"]: read_model(row) for row in rows})


def find(model_id: str) -> Model:
    """Raises KeyError for a model the catalogue does not have."""
    return all_models()[model_id]


def default_video_model() -> Model:
    return find("animatic")
