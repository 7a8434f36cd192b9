"""Fits pictures to the exact size of a clip, which providers demand of frames."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageOps


def fit_picture(picture: Path | IO[Any], width: int, height: int, fit: str) -> bytes:
    """Opaque PNG of exactly that size. "crop" fills it and cuts off the rest, "pad" shows the whole picture on black."""
    with Image.open(picture) as opened:
        image = opened.convert("RGBA")
    flat = Image.new("RGB", image.size, "black")
    flat.paste(image, mask=image.getchannel("A"))
    size = (width, height)
    shaped = ImageOps.fit(flat, size, Image.Resampling.LANCZOS)
    if fit == "pad":
        shaped = ImageOps.pad(flat, size, Image.Resampling.LANCZOS, color="black")
    buffer = io.BytesIO()
    shaped.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def describe_cropping(width: int, height: int, to_width: int, to_height: int) -> str:
    """The sentence for what cropping cuts off; empty under 1 %."""
    shown = (to_width / to_height) / (width / height)
    if shown < 0.99:
        return f"Cropping removes {round(100 * (1 - shown))} % at left and right."
    if shown > 1.01:
        return f"Cropping removes {round(100 * (1 - 1 / shown))} % at top and bottom."
    return ""
