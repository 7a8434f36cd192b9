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

from PIL import Image, ImageCms, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from core.decoding.contract import MEGABYTE, Limits, Undecodable

#: What providers send and clips are made of.
WEB_FORMATS = ("PNG", "JPEG", "WEBP")
FORMATS = (*WEB_FORMATS, "HEIF", "AVIF", "TIFF")
#: Formats whose further pictures are previews or pages, not frames of an animation; phones write two into a JPEG.
ALBUMS = ("MPO", "HEIF", "TIFF")
#: Cameras of "50 megapixels" take a few more.
MAX_PIXELS = 52_000_000
#: Each scan of a progressive JPEG costs as much as a whole picture; real ones have about ten.
MAX_SCANS = 100
MIN_SIDE = 64
#: A TIFF's tag; its lowest bit means a reduced picture.
NEWSUBFILETYPE = 254
BLACK_POINT = ImageCms.Flags.BLACKPOINTCOMPENSATION
#: Longest side of a stored picture, in pixels; the largest clips have 3840.
MAX_KEPT_SIDE = 4096
LIMITS = Limits(cpu_seconds=15, memory_bytes=640 * MEGABYTE, wall_seconds=40)
#: Pillow raises any of these for damaged files.
PILLOW_ERRORS = (OSError, SyntaxError, ValueError, EOFError, OverflowError, KeyError, struct.error, zlib.error)
UNREADABLE = (
    "This file is not a readable image. Use a PNG, JPEG, WebP, HEIC, AVIF or TIFF that opens in other programs."
)
#: By what files begin with.
REFUSED = {
    b"GIF8": "GIF is not supported. Save one frame of it as a PNG, then try again.",
    b"8BPS": "Photoshop files are not supported. Export it as a PNG, then try again.",
}
SVG = "SVG drawings are not supported. Export it as a PNG, then try again."
RAW = "Raw files of cameras are not supported. Export it as a JPEG, then try again."
HEIC = (
    "This HEIC image can't be read. Export it as a JPEG, then try again. On an iPhone, Settings > Camera > Formats > "
    "Most Compatible takes JPEGs."
)
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@contextmanager
def open_picture(data: bytes, unreadable: str = "", formats: tuple[str, ...] = FORMATS) -> Iterator[Image.Image]:
    """The picture, not decoded yet. Raises Undecodable, also for what the block's decoding raises."""
    if data.startswith(b"\xff\xd8") and (scans := data.count(b"\xff\xda")) > MAX_SCANS:
        raise Undecodable(f"This JPEG has {scans} scans; the limit is {MAX_SCANS}. Save it again, then try again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # MAX_PIXELS is checked below
            _register_heif()
            image = Image.open(io.BytesIO(data), formats=formats)
        if image.width * image.height > MAX_PIXELS:
            raise Undecodable(_describe_too_many_pixels(image.width, image.height))
        if isinstance(image, TiffImageFile) and image.tag_v2.get(NEWSUBFILETYPE, 0) & 1:
            raise Undecodable(RAW)  # its first picture is a thumbnail
        yield image
    except Image.DecompressionBombError:
        raise Undecodable("This image has far too many pixels. Make it smaller, then try again.") from None
    except PILLOW_ERRORS:
        raise Undecodable(unreadable or _describe_unreadable(data)) from None


def _register_heif() -> None:
    # Here, so that libheif is never loaded into the server.
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _describe_unreadable(data: bytes) -> str:
    if data[4:8] == b"ftyp" and data[8:10] in (b"he", b"mi"):
        return HEIC
    return SVG if b"<svg" in data[:1000] else REFUSED.get(data[:4], UNREADABLE)


def _describe_too_many_pixels(width: int, height: int) -> str:
    return (
        f"This image is {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} million. "
        "Make it smaller, then try again."
    )


def clean(data: bytes) -> tuple[bytes, str]:
    """Content and suffix of the picture as it will be stored: upright, without metadata, at most MAX_KEPT_SIDE."""
    with open_picture(data) as image:
        if image.format not in ALBUMS and (frames := getattr(image, "n_frames", 1)) > 1:
            raise Undecodable(f"This image is an animation of {frames} frames. Save one of them, then try again.")
        if min(image.size) < MIN_SIDE:
            raise Undecodable(
                f"This image is {image.width} x {image.height} pixels; each side needs at least {MIN_SIDE}."
            )
        is_photo = image.format in ("JPEG", "MPO", "HEIF", "AVIF")
        is_transparent = image.has_transparency_data
        kept = _convert(image, "RGBA" if is_transparent else "RGB", MAX_KEPT_SIDE)
        return _encode(kept, is_photo=is_photo and not is_transparent)


def to_srgb(image: Image.Image, mode: str) -> Image.Image:
    """As "RGB" or "RGBA", with the colours of its embedded profile. A profile that doesn't fit the picture is ignored."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info.get("icc_profile") or b""))
        has_own_mode = {"GRAY": "L", "CMYK": "CMYK"}.get(profile.profile.xcolor_space.strip()) == image.mode
        source = image if has_own_mode or image.mode == mode else image.convert(mode)
        if converted := ImageCms.profileToProfile(
            source, profile, _SRGB, ImageCms.Intent.RELATIVE_COLORIMETRIC, mode, flags=BLACK_POINT
        ):
            return converted
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        pass
    return image if image.mode == mode else image.convert(mode)


def _convert(image: Image.Image, mode: str, side: int) -> Image.Image:
    # Upright, and in sRGB. Each step replaces the picture before it, of which 50 million pixels take 200 MB.
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips every value above 255 to white
        image = image.convert("I").point(lambda grey: grey / 257).convert("L")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK") or "transparency" in image.info:
        image = image.convert(mode)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    ImageOps.exif_transpose(image, in_place=True)
    return to_srgb(image, mode)


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
    with open_picture(data, "It can't be read as a PNG, JPEG or WebP.", WEB_FORMATS) as image:
        image.load()
        return {"PNG": ".png", "WEBP": ".webp"}.get(str(image.format), ".jpg")


def shrink(data: bytes, side: int, quality: int = 85) -> bytes:
    """A WebP whose longest side has at most `side` pixels."""
    with open_picture(data) as image:
        small = _convert(image, "RGBA" if image.has_transparency_data else "RGB", side)
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=quality)
        return buffer.getvalue()
