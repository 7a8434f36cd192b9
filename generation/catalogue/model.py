"""A model's options, limits and prices. Values are validated when one is created, also by `dataclasses.replace`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from core.validation import Price

#: A retirement within this many days is announced.
SOON_DAYS = 30

Value = TypeVar("Value")
Table = Annotated[Mapping[str, Value], AfterValidator(MappingProxyType)]
Texts = tuple[str, ...]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, gt=0)]
Length = Annotated[Decimal, Field(gt=0)]
#: An empty text removes the day that `like` copied.
Day = Annotated[date | None, BeforeValidator(lambda day: day or None)]

#: The provider chooses the size or quality.
AUTO = "auto"

CHECKED = ConfigDict(extra="forbid", validate_default=True)


def turn(size: str) -> str:
    """Landscape for portrait, and the other way round."""
    return "x".join(reversed(size.split("x")))


@dataclass(frozen=True, config=CHECKED)
class Seconds:
    """The allowed lengths of a clip: one of `choices`, else `min` to `max` in steps."""

    min: Decimal
    max: Decimal
    step: Length = Decimal(1)
    choices: tuple[Length, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, value: Any) -> Any:
        if isinstance(value, dict | ArgsKwargs | cls):
            return value
        try:
            return {"choices": value, "min": min(value, key=Decimal), "max": max(value, key=Decimal)}
        except (TypeError, ValueError, InvalidOperation):
            raise ValueError('should be a list such as ["4", "8"] or { min = "3", max = "15", step = "1" }') from None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.min <= self.max:
            raise ValueError("min should be 0 or more, and max no less")
        return self

    def allows(self, seconds: Decimal) -> bool:
        if self.choices:
            return seconds in self.choices
        return self.min <= seconds <= self.max and seconds % self.step == 0

    def nearest(self, seconds: Decimal) -> Decimal:
        """The shortest allowed length of at least `seconds`, else the longest."""
        if self.choices:
            return min((choice for choice in self.choices if choice >= seconds), default=max(self.choices))
        steps = (seconds / self.step).to_integral_value(ROUND_CEILING)
        return min(self.max, max(self.min, steps * self.step))

    def list_choices(self) -> list[Decimal]:
        """Every allowed length, shortest first."""
        if self.choices:
            return sorted(self.choices)
        return [self.min + self.step * number for number in range(int((self.max - self.min) / self.step) + 1)]

    def __str__(self) -> str:
        if self.choices:
            *most, last = (f"{choice.normalize():f}" for choice in self.choices)
            return f"{', '.join(most)} or {last} s" if most else f"{last} s"
        whole = "" if self.step < 1 else " whole"
        return f"{self.min.normalize():f} to {self.max.normalize():f}{whole} s"


@dataclass(frozen=True, config=CHECKED)
class Extension:
    """By how much a finished clip can be extended. `total` limits the extended clip, in seconds."""

    seconds: Seconds
    total: Length | None = None
    #: Resolutions of clips that can be extended; empty for all.
    resolutions: Texts = ()
    #: Only clips that the provider stored in a bucket can be extended.
    from_bucket: StrictBool = False

    def lengths(self, *, made: Decimal) -> list[Decimal]:
        """The lengths by which a clip of `made` seconds can be extended, shortest first; empty if it is too long already."""
        room = self.seconds.max if self.total is None else self.total - made
        return [length for length in self.seconds.list_choices() if length <= room]

    def nearest(self, wanted: Decimal, *, made: Decimal) -> Decimal:
        """The allowed length nearest to `wanted` by which a clip of `made` seconds can be extended."""
        room = self.seconds.max if self.total is None else self.total - made
        return max(self.seconds.min, min(self.seconds.nearest(wanted), room))


@dataclass(frozen=True, config=CHECKED)
class Capabilities:
    """What a model accepts besides the prompt, and which tasks it can do with a finished clip."""

    start_frame: StrictBool = False
    end_frame: StrictBool = False
    references: Count = 0
    #: A request may have frames or references, not both.
    frames_or_references: StrictBool = False
    #: The longest clip with a start and an end frame, where that limit is lower; else 0.
    both_frames_max_seconds: Count = 0
    seed: StrictBool = False
    negative_prompt: StrictBool = False
    audio: Literal["always", "choice", "never"] = "never"
    remix: StrictBool = False
    extend: Extension | None = None
    edit: StrictBool = False

    @property
    def tasks(self) -> tuple[str, ...]:
        """What it can do with a finished clip, as values of `providers.base.Task`."""
        supported = {"remix": self.remix, "extend": self.extend, "edit": self.edit}
        return tuple(task for task, is_supported in supported.items() if is_supported)


@dataclass(frozen=True, config=CHECKED)
class TokenPrices:
    """US dollars per million tokens."""

    text_input: Price
    image_input: Price
    output: Price


@dataclass(frozen=True, config=CHECKED)
class Model:
    """One model. Prices are in US dollars."""

    currency: ClassVar[str] = "USD"

    id: str
    name: str
    maker: str
    provider: str
    kind: Literal["video", "image"]
    summary: str
    source: str
    checked_on: date
    confidence: Literal["H", "M", "L"]
    supports: Capabilities
    note: str = ""
    #: The vendor's own host. The days below apply to it alone.
    host: str = ""
    retired_on: Day = None
    #: The day from which sources disagree whether the vendor still offers it.
    uncertain_since: Day = None
    successor: str = ""
    expected_seconds: Positive = 60
    prompt_limit: Positive | None = None

    #: Width and height in pixels by resolution and aspect ratio.
    sizes: Table[Table[tuple[Positive, Positive]]] = field(default_factory=dict)
    seconds: Seconds = Seconds(Decimal(0), Decimal(0))
    price_per_second: Table[Price] = field(default_factory=dict)

    image_sizes: Texts = ()
    free_size: StrictBool = False
    qualities: Texts = ()
    backgrounds: Texts = ()
    formats: Texts = ()
    styles: Texts = ()
    max_images: Positive = 1
    #: By size and quality. A portrait costs what its landscape does. Where tokens are charged, this is the estimate.
    price_per_image: Table[Table[Price]] = field(default_factory=dict)
    #: None where an image has a fixed price.
    token_prices: TokenPrices | None = None

    #: Fields of every request.
    always_sent: Table[str] = field(default_factory=dict)

    @field_validator("price_per_second")
    @classmethod
    def _covers_every_size(cls, prices: Mapping[str, Decimal], info: ValidationInfo) -> Mapping[str, Decimal]:
        known = info.data
        if known.get("kind") != "video" or not {"sizes", "checked_on", "retired_on"} <= known.keys():
            return prices
        if not prices and (known["retired_on"] is None or known["retired_on"] > known["checked_on"]):
            raise ValueError("a model that is not retired needs prices")
        if prices and prices.keys() != known["sizes"].keys():
            raise ValueError("every resolution needs a price, and no other")
        return prices

    @field_validator("price_per_image")
    @classmethod
    def _covers_every_image(
        cls, prices: Mapping[str, Mapping[str, Decimal]], info: ValidationInfo
    ) -> Mapping[str, Mapping[str, Decimal]]:
        known = info.data
        if known.get("kind") != "image" or not {"image_sizes", "qualities"} <= known.keys():
            return prices
        qualities = set(known["qualities"]) - {AUTO}
        for size in set(known["image_sizes"]) - {AUTO}:
            if qualities - (prices.get(size) or prices.get(turn(size)) or {}).keys():
                raise ValueError(f"every quality of size {size} needs a price")
        return prices

    @property
    def resolutions(self) -> Texts:
        return tuple(self.sizes)

    @property
    def aspect_ratios(self) -> Texts:
        return tuple(dict.fromkeys(aspect for sizes in self.sizes.values() for aspect in sizes))

    def is_retired(self, today: date, *, host: str = "") -> bool:
        """Whether `host` no longer offers it; without a host, whether its vendor does not."""
        return self.retired_on is not None and self.retired_on <= today and self._is_vendor_host(host)

    def retires_soon(self, today: date, *, host: str = "") -> bool:
        if self.retired_on is None or not self._is_vendor_host(host):
            return False
        return 0 < (self.retired_on - today).days <= SOON_DAYS

    def mark(self, today: date, *, host: str = "") -> str:
        """A short warning to show beside the name, such as "closes 1 Dec 2026"; empty where none is needed."""
        if self.is_retired(today, host=host) or not self._is_vendor_host(host):
            return ""
        if self.retires_soon(today, host=host):
            return f"closes {self.retired_on:%-d %b %Y}"
        if self.uncertain_since is not None and self.uncertain_since <= today:
            return "availability uncertain"
        return "unconfirmed" if self.confidence == "L" else ""

    def _is_vendor_host(self, host: str) -> bool:
        # Regional hosts, such as us-central1-aiplatform.googleapis.com, are the vendor's as well.
        return not host or host == self.host or host.endswith((f".{self.host}", f"-{self.host}"))
