"""OpenRouter's live list of video models, as rows of the model catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from generation.providers import answers

MAX_MODELS, MAX_CHOICES, MAX_SECONDS = 1000, 200, 3600

PER_SECOND = re.compile(
    r"(?:(?:text|image)_to_video_)?"
    r"(?P<unit>duration_seconds|per_video_second|cents_per_video_output_second|cents_per_second_output)"
    r"(?:_with(?:out)?_audio)?(?:_(?P<resolution>\d+[pk]))?(?:_with(?:out)?_audio)?"
)


@dataclass(frozen=True)
class LiveModel:
    """A model as OpenRouter lists it today; what the list omits is empty. `prices` are by OpenRouter's names.

    The list has no field for references, so a model with a price for them is assumed to take one.
    """

    id: str
    name: str
    durations: tuple[int, ...] = ()
    resolutions: tuple[str, ...] = ()
    aspect_ratios: tuple[str, ...] = ()
    start_frame: bool = False
    end_frame: bool = False
    references: int = 0
    audio: bool = False
    seed: bool = False
    prices: Mapping[str, Decimal] = field(default_factory=dict)

    def price_per_second(self, resolution: str) -> Decimal | None:
        """US dollars; the highest, where it depends on sound or input. None if the model is not priced by the second."""
        by_resolution: dict[str, list[Decimal]] = {}
        for name, amount in self.prices.items():
            if match := PER_SECOND.fullmatch(name.lower().replace("-", "_")):
                dollars = amount / 100 if match["unit"].startswith("cents") else amount
                by_resolution.setdefault(match["resolution"] or "", []).append(dollars)
        return max(by_resolution.get(resolution.lower()) or by_resolution.get("") or [], default=None)


class _Price(answers.Shape):
    dollars: answers.Dollars


class ListedModel(answers.Shape):
    """One model of the answer. A list may contain anything: what is no duration or resolution is left out."""

    id: Annotated[answers.RemoteId, Field(max_length=120)]
    name: answers.Loose[answers.Word] = None
    supported_durations: answers.Loose[Annotated[list[Any], Field(max_length=MAX_CHOICES)]] = None
    supported_resolutions: answers.Loose[Annotated[list[Any], Field(max_length=MAX_CHOICES)]] = None
    supported_aspect_ratios: answers.Loose[Annotated[list[Any], Field(max_length=MAX_CHOICES)]] = None
    supported_frame_images: answers.Loose[Annotated[list[Any], Field(max_length=MAX_CHOICES)]] = None
    generate_audio: answers.Loose[bool] = None
    seed: answers.Loose[bool] = None
    pricing_skus: answers.Loose[Annotated[dict[str, Any], Field(max_length=MAX_CHOICES)]] = None


class Listing(answers.Shape):
    data: Annotated[list[Any], Field(max_length=MAX_MODELS)]


def read_model(row: ListedModel) -> LiveModel:
    frames = row.supported_frame_images or ()
    prices = {
        name: price.dollars
        for name, value in (row.pricing_skus or {}).items()
        for price in answers.read_each([{"dollars": value}], _Price)
    }
    return LiveModel(
        id=row.id,
        name=row.name or row.id,
        durations=tuple(
            seconds for seconds in row.supported_durations or () if type(seconds) is int and abs(seconds) <= MAX_SECONDS
        ),
        resolutions=_short_texts(row.supported_resolutions),
        aspect_ratios=_short_texts(row.supported_aspect_ratios),
        start_frame="first_frame" in frames,
        end_frame="last_frame" in frames,
        references=int(any("reference" in name for name in prices)),
        audio=row.generate_audio is True,
        seed=row.seed is True,
        prices=MappingProxyType(prices),
    )


def _short_texts(values: list[Any] | None) -> tuple[str, ...]:
    return tuple(value for value in values or () if isinstance(value, str) and len(value) <= 20)


def catalogue_row(model: LiveModel, today: date) -> dict[str, Any] | None:
    """The row in plain JSON, with aspect ratios in place of sizes. None without durations, aspect ratios or prices."""
    listed = {resolution.lower(): model.price_per_second(resolution) for resolution in model.resolutions}
    prices = {resolution: str(price) for resolution, price in listed.items() if price is not None}
    if not prices or not model.aspect_ratios or not model.durations:
        return None
    maker, _, name = model.name.partition(": ")
    return {
        "id": model.id,
        "name": f"{name or maker} (OpenRouter)",
        "maker": maker if name else model.id.partition("/")[0],
        "provider": "openrouter",
        "kind": "video",
        "summary": "Through OpenRouter",
        "sizes": dict.fromkeys(prices, model.aspect_ratios),
        "seconds": [str(seconds) for seconds in sorted(model.durations)],
        "price_per_second": prices,
        "supports": {
            "start_frame": model.start_frame,
            "end_frame": model.end_frame,
            "references": model.references,
            "frames_or_references": True,
            "seed": model.seed,
            "audio": "choice" if model.audio else "never",
        },
        "source": "OpenRouter's list of models",
        "checked_on": today.isoformat(),
        "confidence": "H",
    }


def spell_resolution(resolution: str) -> str:
    """A resolution of the catalogue in OpenRouter's spelling: 720p stays, 4k becomes 4K."""
    return resolution.upper() if resolution.endswith("k") else resolution
