"""OpenRouter's live list of video models: what each takes and costs today, as rows of the model catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

PER_SECOND = re.compile(
    r"(?:(?:text|image)_to_video_)?"
    r"(?P<unit>duration_seconds|per_video_second|cents_per_video_output_second|cents_per_second_output)"
    r"(?:_with(?:out)?_audio)?(?:_(?P<resolution>\d+[pk]))?(?:_with(?:out)?_audio)?"
)


@dataclass(frozen=True)
class LiveModel:
    """A model as OpenRouter lists it today; what the list leaves out is empty. `prices` are by OpenRouter's names.

    The list does not mention references; a model that prices them takes at least one.
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
        """US dollars; the highest, if it depends on sound or input. None if it is priced in another way."""
        found: dict[str, list[Decimal]] = {}
        for name, amount in self.prices.items():
            if match := PER_SECOND.fullmatch(name.lower().replace("-", "_")):
                dollars = amount / 100 if match["unit"].startswith("cents") else amount
                found.setdefault(match["resolution"] or "", []).append(dollars)
        return max(found.get(resolution.lower()) or found.get("") or [], default=None)


def read(row: dict[str, Any]) -> LiveModel:
    """One model of the list; `id` must be there."""
    frames = row.get("supported_frame_images") or ()
    skus = row.get("pricing_skus") or {}
    prices = {name: found for name, text in skus.items() if (found := amount(text)) is not None}
    return LiveModel(
        id=row["id"],
        name=row.get("name") or row["id"],
        durations=tuple(row.get("supported_durations") or ()),
        resolutions=tuple(row.get("supported_resolutions") or ()),
        aspect_ratios=tuple(row.get("supported_aspect_ratios") or ()),
        start_frame="first_frame" in frames,
        end_frame="last_frame" in frames,
        references=int(any("reference" in name for name in prices)),
        audio=row.get("generate_audio") is True,
        seed=row.get("seed") is True,
        prices=MappingProxyType(prices),
    )


def catalogue_row(model: LiveModel, today: date) -> dict[str, Any] | None:
    """The row in plain JSON, with aspect ratios in place of sizes. None if durations, aspect ratios or prices are missing."""
    found = {listed.lower(): model.price_per_second(listed) for listed in model.resolutions}
    prices = {resolution: str(price) for resolution, price in found.items() if price is not None}
    if not prices or not model.aspect_ratios or not model.durations:
        return None
    maker, _, name = model.name.partition(": ")
    return {
        "id": model.id,
        "name": f"{name or maker} (OpenRouter)",
        "maker": maker if name else model.id.partition("/")[0],
        "provider": "openrouter",
        "kind": "video",
        "summary": "By way of OpenRouter",
        "sizes": dict.fromkeys(prices, model.aspect_ratios),
        "seconds": [str(seconds) for seconds in sorted(model.durations)],
        "price_per_second": prices,
        "takes": {
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


def spelled_there(resolution: str) -> str:
    """720p is 720p; 4k is 4K."""
    return resolution.upper() if resolution.endswith("k") else resolution


def amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount >= 0 else None
