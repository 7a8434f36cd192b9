"""A scene's still: a storyboard panel in pencil and marker with its caption. The same shot gives the same picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from generation.providers.base import Shot
from generation.providers.drawing.arrows import draw_arrow
from generation.providers.drawing.caption import draw_caption, strip_height
from generation.providers.drawing.panel import compose


def draw(shot: Shot, width: int, height: int) -> Image.Image:
    """An RGB picture of exactly width x height pixels."""
    strip = strip_height(width, height)
    layers = compose(shot, width, height - strip, framed=True)
    picture = layers.in_colour(layers.flattened())
    draw_arrow(picture, layers.sheet, shot.camera_move)
    caption = np.asarray(draw_caption(shot, width, strip))
    return Image.fromarray(np.vstack([picture, caption]))


def draw_webp(shot: Shot, width: int, height: int) -> bytes:
    encoded = io.BytesIO()
    draw(shot, width, height).save(encoded, "WEBP", quality=84, method=2)
    return encoded.getvalue()
