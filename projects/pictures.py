"""Decodes pictures from outside. Runs in a decoding child: without Django, and bytes in, bytes out.

Pixels, frames and scans are counted from the header, before anything is decoded.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageOps

from core.decoding.contract import MEGABYTE, Limits, Undecodable

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 50_000_000
#: Animations are refused: a picture is one frame. Phones store a second, small one in a JPEG.
MAX_FRAMES = 4
#: Each scan of a progressive JPEG costs as much as a whole picture; real ones have about ten.
MAX_SCANS = 100
MIN_SIDE = 64
#: Longest side of a stored picture, in pixels; the largest clips have 3840.
MAX_KEPT_SIDE = 4096
LIMITS = Limits(cpu_seconds=15, memory_bytes=640 * MEGABYTE, wall_seconds=40)
#: Pillow raises any of these for damaged files.
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, OverflowError, KeyError, struct.error, zlib.error)
UNREADABLE = "This file is not a readable image. Use a PNG, JPEG or WebP that opens in other programs."


@contextmanager
def open_picture(data: bytes, unreadable: str = UNREADABLE) -> Iterator[Image.Image]:
    """The picture, not decoded yet. Raises Undecodable, also for what the block's decoding raises."""
    if data.startswith(b"\xff\xd8") and (scans := data.count(b"\xff\xda")) > MAX_SCANS:
        raise Undecodable(f"This JPEG has {scans} scans; the limit is {MAX_SCANS}. Save it again, then try again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is checked below
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise Undecodable(_describe_too_many_pixels(image.width, image.height))
        if (frames := getattr(image, "n_frames", 1)) > MAX_FRAMES:
            raise Undecodable(f"This image is an animation of {frames} frames. Save one of them, then try again.")
        yield image
    except Image.DecompressionBombError:
        raise Undecodable("This image has far too many pixels. Make it smaller, then try again.") from None
    except PILLOW_ERRORS:
        raise Undecodable(unreadable) from None


def _describe_too_many_pixels(width: int, height: int) -> str:
    return (
        f"This image is {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} million. "
        "Make it smaller, then try again."
    )


def clean(data: bytes) -> tuple[bytes, str]:
    """Content and suffix of the picture as it will be stored: upright, without metadata, at most MAX_KEPT_SIDE."""
    with open_picture(data) as image:
        if min(image.size) < MIN_SIDE:
            raise Undecodable(
                f"This image is {image.width} x {image.height} pixels; each side needs at least {MIN_SIDE}."
            )
        is_photo = image.format in ("JPEG", "MPO")
        is_transparent = image.has_transparency_data
        kept = _convert(image, "RGBA" if is_transparent else "RGB", MAX_KEPT_SIDE)
        ImageOps.exif_transpose(kept, in_place=True)
        return _encode(kept, is_photo=is_photo and not is_transparent)


def _convert(image: Image.Image, mode: str, side: int) -> Image.Image:
    # Each step replaces the picture before it, of which 50 million pixels take 200 MB.
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips every value above 255 to white
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    if image.mode in ("L", "RGB", "RGBA", "CMYK") and "transparency" not in image.info:
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    kept = image if image.mode == mode else image.convert(mode)
    kept.thumbnail((side, side), Image.Resampling.LANCZOS)
    return kept


def _encode(kept: Image.Image, *, is_photo: bool) -> tuple[bytes, str]:
    # JPEG for an opaque photo, PNG for everything else.
    bare = Image.new(kept.mode, kept.size)  # a new image carries no metadata, which `save` would write out again
    bare.paste(kept)
    buffer = io.BytesIO()
    if is_photo:
        bare.save(buffer, "JPEG", quality=95)
        return buffer.getvalue(), ".jpg"
    bare.save(buffer, "PNG")
    return buffer.getvalue(), ".png"


def check(data: bytes) -> str:
    """Decodes it whole, and returns the suffix for a file with exactly this content."""
    with open_picture(data, "It can't be read as a PNG, JPEG or WebP.") as image:
        image.load()
        return {"PNG": ".png", "WEBP": ".webp"}.get(str(image.format), ".jpg")


def shrink(data: bytes, side: int, quality: int = 85) -> bytes:
    """A WebP whose longest side has at most `side` pixels."""
    with open_picture(data) as image:
        small = _convert(image, "RGBA" if image.has_transparency_data else "RGB", side)
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=quality)
        return buffer.getvalue()
