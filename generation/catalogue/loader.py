"""The models as data: what form, pipeline and command line know of them is all read from here.

models.toml is read once, when the first model is asked for. A key that is missing, unknown or of the wrong kind stops the
start with the file, the line and the model.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from datetime import date
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from django.core.exceptions import ImproperlyConfigured

MODELS_FILE = Path(__file__).with_name("models.toml")
SOON_DAYS = 30


@dataclass(frozen=True)
class Seconds:
    """What a clip may last: one of `choices`, or anything from min to max in steps."""

    min: Decimal
    max: Decimal
    step: Decimal = Decimal(1)
    choices: tuple[Decimal, ...] = ()

    def allows(self, seconds: Decimal) -> bool:
        if self.choices:
            return seconds in self.choices
        return self.min <= seconds <= self.max and seconds % self.step == 0

    def nearest(self, seconds: Decimal) -> Decimal:
        """The shortest allowed length that is no shorter than wanted; the longest, where none is."""
        if self.choices:
            return min((choice for choice in self.choices if choice >= seconds), default=max(self.choices))
        steps = (seconds / self.step).to_integral_value(ROUND_CEILING)
        return min(self.max, max(self.min, steps * self.step))

    def __str__(self) -> str:
        if self.choices:
            *most, last = (f"{choice.normalize():f}" for choice in self.choices)
            return f"{', '.join(most)} or {last} s" if most else f"{last} s"
        whole = "" if self.step < 1 else " whole"
        return f"{self.min.normalize():f} to {self.max.normalize():f}{whole} s"


@dataclass(frozen=True)
class Extension:
    """By how much a finished clip can go on; `total` is what may come of it, in seconds."""

    seconds: Seconds
    total: Decimal | None = None
    #: Of clips that can; all where none are named.
    resolutions: tuple[str, ...] = ()
    #: Only clips that the provider has put into a bucket.
    from_bucket: bool = False

    def nearest(self, wanted: Decimal, *, made: Decimal) -> Decimal:
        """The allowed length nearest to what is wanted that a clip of `made` seconds has room for."""
        room = self.seconds.max if self.total is None else self.total - made
        return max(self.seconds.min, min(self.seconds.nearest(wanted), room))


@dataclass(frozen=True)
class Takes:
    """What a model can be given besides the prompt, and what can be done with its clips."""

    start_frame: bool = False
    end_frame: bool = False
    references: int = 0
    #: Frames and references exclude one another.
    frames_or_references: bool = False
    #: How long a clip between two frames may be, where that is less than other clips; 0 where it is not.
    both_frames_max_seconds: int = 0
    seed: bool = False
    negative_prompt: bool = False
    audio: Literal["always", "choice", "never"] = "never"
    remix: bool = False
    extend: Extension | None = None
    edit: bool = False


Sizes = MappingProxyType[str, MappingProxyType[str, tuple[int, int]]]


@dataclass(frozen=True)
class Model:
    """One model. `sizes` in pixels by resolution and aspect ratio; prices in `core.money.CURRENCY`."""

    id: str
    name: str
    maker: str
    provider: str
    kind: Literal["video", "image"]
    summary: str
    source: str
    checked_on: date
    confidence: Literal["H", "M", "L"]
    takes: Takes
    note: str = ""
    #: The vendor's own host: a retirement counts there alone.
    host: str = ""
    retired_on: date | None = None
    #: It may have been closed on this day; the vendor's documents disagree.
    uncertain_since: date | None = None
    successor: str = ""
    expected_seconds: int = 60
    prompt_limit: int | None = None

    sizes: Sizes = field(default_factory=lambda: MappingProxyType({}))
    seconds: Seconds = Seconds(Decimal(0), Decimal(0))
    price_per_second: MappingProxyType[str, Decimal] = field(default_factory=lambda: MappingProxyType({}))

    image_sizes: tuple[str, ...] = ()
    free_size: bool = False
    qualities: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    max_images: int = 1
    price_per_image: MappingProxyType[str, MappingProxyType[str, Decimal]] = field(
        default_factory=lambda: MappingProxyType({})
    )

    #: Fields that every request for it carries.
    always_sent: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: Of the tokens that a picture has; None where pictures are priced by the piece, or nothing is known.
    price_per_million_tokens: Decimal | None = None

    @property
    def resolutions(self) -> tuple[str, ...]:
        return tuple(self.sizes)

    @property
    def aspect_ratios(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(aspect for sizes in self.sizes.values() for aspect in sizes))

    def is_retired(self, today: date, *, host: str = "") -> bool:
        """Whether it can no longer be had at `host`; without one, at its vendor."""
        return self.retired_on is not None and self.retired_on <= today and self._is_vendors(host)

    def retires_soon(self, today: date, *, host: str = "") -> bool:
        if self.retired_on is None or not self._is_vendors(host):
            return False
        return 0 < (self.retired_on - today).days <= SOON_DAYS

    def mark(self, today: date, *, host: str = "") -> str:
        """What speaks against counting on it at `host`, in few words to stand beside its name; empty where nothing does."""
        if self.is_retired(today, host=host) or not self._is_vendors(host):
            return ""
        if self.retires_soon(today, host=host):
            return f"closes {self.retired_on:%-d %b %Y}"
        if self.uncertain_since is not None and self.uncertain_since <= today:
            return "may be closed"
        return "unconfirmed" if self.confidence == "L" else ""

    def _is_vendors(self, host: str) -> bool:
        """The vendor's regions have hosts of their own."""
        return not host or host == self.host or host.endswith((f".{self.host}", f"-{self.host}"))


class Slip(Exception):
    """What is wrong with one key of one model."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


def _price(key: str, text: object) -> Decimal:
    try:
        if not isinstance(text, str):
            raise InvalidOperation
        return Decimal(text)
    except InvalidOperation:
        raise Slip(key, f'a price is written as a string such as "0.10", not {text!r}') from None


def _seconds(value: Any) -> Seconds:
    try:
        if isinstance(value, list):
            choices = tuple(Decimal(choice) for choice in value)
            return Seconds(min(choices), max(choices), choices=choices)
        limits: dict[str, Any] = {name: Decimal(number) for name, number in value.items()}
        return Seconds(**limits)
    except (TypeError, ValueError, InvalidOperation, AttributeError):
        raise Slip("seconds", 'is a list such as ["4", "8"] or { min = "3", max = "15", step = "1" }') from None


def _takes(value: dict[str, Any]) -> Takes:
    if unknown := value.keys() - {field.name for field in fields(Takes)}:
        raise Slip("takes", f"unknown: {', '.join(sorted(unknown))}")
    return Takes(**value | ({"extend": _extension(value["extend"])} if "extend" in value else {}))


def _extension(value: Any) -> Extension:
    if not isinstance(value, dict) or "seconds" not in value:
        raise Slip("takes", 'extend is written as { seconds = ["4", "8"] }, with what else limits it')
    if unknown := value.keys() - {field.name for field in fields(Extension)}:
        raise Slip("takes", f"unknown in extend: {', '.join(sorted(unknown))}")
    return Extension(
        _seconds(value["seconds"]),
        total=_price("takes", value["total"]) if "total" in value else None,
        resolutions=tuple(value.get("resolutions", ())),
        from_bucket=value.get("from_bucket", False),
    )


def _converted(row: dict[str, Any]) -> dict[str, Any]:
    """The row with every value in the form that Model wants."""
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    values["takes"] = _takes(row["takes"])
    if "seconds" in row:
        values["seconds"] = _seconds(row["seconds"])
    if "sizes" in row:
        values["sizes"] = MappingProxyType(
            {
                resolution: MappingProxyType({aspect: (width, height) for aspect, (width, height) in sizes.items()})
                for resolution, sizes in row["sizes"].items()
            }
        )
    if "price_per_second" in row:
        prices = {name: _price("price_per_second", text) for name, text in row["price_per_second"].items()}
        values["price_per_second"] = MappingProxyType(prices)
    if "price_per_image" in row:
        values["price_per_image"] = MappingProxyType(
            {
                size: MappingProxyType({name: _price("price_per_image", text) for name, text in qualities.items()})
                for size, qualities in row["price_per_image"].items()
            }
        )
    values["always_sent"] = MappingProxyType(row.get("always_sent", {}))
    if "price_per_million_tokens" in row:
        values["price_per_million_tokens"] = _price("price_per_million_tokens", row["price_per_million_tokens"])
    for name in ("retired_on", "uncertain_since"):
        values[name] = row.get(name) or None
    return values


def read_model(row: dict[str, Any]) -> Model:
    """Raises Slip."""
    known = {field.name: field for field in fields(Model)}
    for key in row.keys() - known.keys():
        raise Slip(key, "unknown key")
    for name, definition in known.items():
        if name not in row and definition.default is MISSING and definition.default_factory is MISSING:
            raise Slip("id", f"{name} is missing")
    model = Model(**_converted(row))
    if model.kind == "video" and model.price_per_second and set(model.price_per_second) != set(model.sizes):
        raise Slip("price_per_second", "every resolution needs a price, and only those")
    if not model.is_retired(model.checked_on) and model.kind == "video" and not model.price_per_second:
        raise Slip("price_per_second", "a model that can be had needs prices")
    return model


def read_catalogue(text: str, name: str = MODELS_FILE.name) -> MappingProxyType[str, Model]:
    """Raises ImproperlyConfigured naming file, line and model."""
    try:
        rows = tomllib.loads(text)["model"]
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    plain: dict[str, dict[str, Any]] = {}
    models: dict[str, Model] = {}
    for number, row in enumerate(rows):
        try:
            like = row.pop("like", None)
            if like is not None and like not in plain:
                raise Slip("like", f"{like} is not a model further up")
            plain[row["id"]] = plain[like] | row if like else row
            models[row["id"]] = read_model(plain[row["id"]])
        except (Slip, KeyError) as slip:
            key = slip.key if isinstance(slip, Slip) else "id"
            model = row.get("id", f"model {number + 1}")
            raise ImproperlyConfigured(f"{name}:{_line_of(text, number, key)}: {model}: {key}: {slip}") from slip
    for number, model in enumerate(models.values()):
        if model.successor and model.successor not in models:
            line = _line_of(text, number, "successor")
            raise ImproperlyConfigured(f"{name}:{line}: {model.id}: successor: {model.successor} is not a model")
    return MappingProxyType(models)


def _line_of(text: str, number: int, key: str) -> int:
    """The line of `key` in the table with that number, or of the table where it does not have the key itself."""
    lines = text.splitlines()
    tables = [index for index, line in enumerate(lines, start=1) if line.strip() == "[[model]]"]
    start = tables[number]
    end = tables[number + 1] if number + 1 < len(tables) else len(lines) + 1
    for index in range(start, end):
        if re.match(rf"{re.escape(key)}\b", lines[index - 1]):
            return index
    return start


@cache
def all_models() -> MappingProxyType[str, Model]:
    return read_catalogue(MODELS_FILE.read_text(encoding="utf-8"))


def find(model_id: str) -> Model:
    """Raises KeyError for a model the catalogue does not have."""
    return all_models()[model_id]


def default_video_model() -> Model:
    return find("animatic")


@cache
def own_model() -> Model:
    """What a model is taken to do that only a server of a team's or an operator's own knows. Raises ImproperlyConfigured."""
    try:
        return read_model(tomllib.loads(MODELS_FILE.read_text(encoding="utf-8"))["own_model"])
    except Slip as slip:
        raise ImproperlyConfigured(f"{MODELS_FILE.name}: own_model: {slip.key}: {slip}") from slip
