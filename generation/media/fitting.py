"""Fits pictures to the exact size of a clip, which providers demand of frames. Runs in a decoding child, without Django."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from projects.pictures import open_picture, to_srgb


def fit_picture(data: bytes, width: int, height: int, fit: str) -> bytes:
    """Opaque PNG of exactly that size. "crop" fills it and cuts off the rest, "pad" shows the whole picture on black.

    Raises Undecodable.
    """
    buffer = io.BytesIO()
    _fit(data, width, height, fit).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def preview_fit(data: bytes, width: int, height: int, fit: str, side: int) -> bytes:
    """What `fit_picture` makes, as a WebP whose longest side has at most `side` pixels."""
    shown = _fit(data, width, height, fit)
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    shown.save(buffer, "WEBP", quality=85)
    return buffer.getvalue()


def _fit(data: bytes, width: int, height: int, fit: str) -> Image.Image:
    with open_picture(data) as opened:
        if opened.has_transparency_data:
            image = to_srgb(opened, "RGBA")
            flat = Image.new("RGB", image.size, "black")
            flat.paste(image, mask=image.getchannel("A"))
        else:
            flat = to_srgb(opened, "RGB")
        if fit == "pad":
            return ImageOps.pad(flat, (width, height), Image.Resampling.LANCZOS, color="black")
        return ImageOps.fit(flat, (width, height), Image.Resampling.LANCZOS)


def describe_cropping(width: int, height: int, to_width: int, to_height: int) -> str:
    """The sentence for what cropping cuts off; empty under 1 %."""
    shown = (to_width / to_height) / (width / height)
    if shown < 0.99:
        return f"Cropping removes {round(100 * (1 - shown))} % at left and right."
    if shown > 1.01:
        return f"Cropping removes {round(100 * (1 - 1 / shown))} % at top and bottom."
    return ""
