"""Pictures cut to what a model wants: the exact size of the clip, without transparency."""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageOps


def fit_picture(picture: Path | IO[Any], width: int, height: int, fit: str) -> bytes:
    """PNG of exactly that size: "crop" fills it and cuts the rest off, "pad" shows all of it on black."""
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
    """What cropping to the other shape loses, as a sentence; empty where that is under one per cent."""
    shown = (to_width / to_height) / (width / height)
    if shown < 0.99:
        return f"Cropping cuts {round(100 * (1 - shown))} % off left and right."
    if shown > 1.01:
        return f"Cropping cuts {round(100 * (1 - 1 / shown))} % off top and bottom."
    return ""
