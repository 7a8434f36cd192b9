"""What a clip is, as measured from its file, and how that differs from what was ordered. Without Django or a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import BaseModel, ConfigDict

from core.numbers import format_number

#: What current browsers decode, by container.
BROWSER_VIDEO = {"mp4": {"h264", "vp9", "av1"}, "webm": {"vp8", "vp9", "av1"}}
BROWSER_SOUND = {"mp4": {"aac", "mp3", "opus", "flac"}, "webm": {"opus", "vorbis"}}
#: Eight bits, 4:2:0.
BROWSER_PIXELS = {"yuv420p", "yuvj420p"}
CONTENT_TYPES = {"mp4": "video/mp4", "mov": "video/quicktime", "webm": "video/webm", "mkv": "video/x-matroska"}
#: Models round lengths to whole frames, and containers pad them.
LENGTH_TOLERANCE = Decimal("0.25")

Summary = dict[str, str | int | None]


class Sound(BaseModel):
    model_config = ConfigDict(frozen=True)

    codec: str
    #: Samples per second.
    rate: int
    channels: int


class MediaInfo(BaseModel):
    """A clip as measured. `width` and `height` are those of the picture that people see: upright, with square pixels.

    `rotation` is in degrees counterclockwise that turn a decoded frame upright: 0, 90, 180 or 270. `fps` is exact, as
    24000/1001; of a variable rate it is the average. `seconds` is the length of the picture, without longer sound.
    """

    model_config = ConfigDict(frozen=True)

    container: Literal["mp4", "mov", "webm", "mkv"]
    codec: str
    profile: str
    pixel_format: str
    coded_width: int
    coded_height: int
    width: int
    height: int
    rotation: int
    sample_aspect: Fraction
    fps: Fraction
    frames: int
    seconds: Decimal
    sound: Sound | None = None

    @property
    def plays_in_browsers(self) -> bool:
        is_upright = (self.width, self.height) == (self.coded_width, self.coded_height) and not self.rotation
        has_known_sound = self.sound is None or self.sound.codec in BROWSER_SOUND.get(self.container, ())
        is_decoded = self.codec in BROWSER_VIDEO.get(self.container, ()) and self.pixel_format in BROWSER_PIXELS
        return is_decoded and has_known_sound and is_upright

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.container]

    @property
    def summary(self) -> Summary:
        """For JSON, with the keys of `Order.summary`."""
        size: Summary = {"width": self.width, "height": self.height}
        return size | {"seconds": str(self.seconds), "fps": str(self.fps), "codec": self.codec}


@dataclass(frozen=True)
class Order:
    """What was asked for. `fps` and `has_sound` are None where the model offered no choice."""

    width: int
    height: int
    seconds: Decimal
    fps: Fraction | None = None
    has_sound: bool | None = None

    @property
    def summary(self) -> Summary:
        """For JSON, with the keys of `MediaInfo.summary`."""
        size: Summary = {"width": self.width, "height": self.height}
        return size | {"seconds": str(self.seconds), "fps": str(self.fps) if self.fps else None, "codec": None}

    def differences(self, got: MediaInfo) -> list[str]:
        """Sentences for people; empty for what was ordered."""
        pairs = []
        if (self.width, self.height) != (got.width, got.height):
            pairs.append(_describe_sizes((self.width, self.height), (got.width, got.height)))
        if abs(self.seconds - got.seconds) > LENGTH_TOLERANCE:
            pairs.append((f"{format_number(self.seconds)} s", f"{format_number(got.seconds)} s"))
        if self.fps is not None and self.fps != got.fps:
            pairs.append((f"{format_fps(self.fps)} fps", f"{format_fps(got.fps)} fps"))
        if self.has_sound is not None and self.has_sound != bool(got.sound):
            pairs.append(("sound", "none") if self.has_sound else ("no sound", "sound"))
        return [f"Asked for {asked}, got {delivered}." for asked, delivered in pairs]


def _describe_sizes(*sizes: tuple[int, int]) -> tuple[str, str]:
    shapes = ["landscape" if width > height else "portrait" if width < height else "square" for width, height in sizes]
    names = ["", ""] if len(set(shapes)) == 1 else [f"{shape} " for shape in shapes]
    asked, got = (f"{name}{width}x{height}" for name, (width, height) in zip(names, sizes, strict=True))
    return asked, got


def format_fps(fps: Fraction) -> str:
    """23.976 for 24000/1001, and 24 for 24."""
    return format_number(round(Decimal(fps.numerator) / fps.denominator, 3))
