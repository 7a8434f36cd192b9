"""Polygons and lines of the world, filled into a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from previz.camera import NEAR, Camera, Floats, Size, to_pixels, to_view

Picture = NDArray[np.uint8]
SHIFT = 4
# Beyond this, coordinates with fractional bits would overflow the rasteriser.
_FAR_OUT = 30_000.0

# A worker draws several clips at once; OpenCV's own threads would only fight over the cores.
cv2.setNumThreads(1)


def rgb(colours: Floats) -> Floats:
    """Colours from 0 to 1 as numbers from 0 to 255."""
    return np.asarray(np.clip(colours * 255, 0, 255))


def fixed(pixels: Floats, scale: int = 1) -> NDArray[np.int32]:
    """Pixels as the rasteriser's fixed-point numbers, which count from the middle of the first pixel."""
    return np.rint((np.clip(pixels, -_FAR_OUT, _FAR_OUT) * scale - 0.5) * (1 << SHIFT)).astype(np.int32)


def _clipped(view: Floats) -> Floats:
    """A polygon (n, 3) cut at the near plane; empty when all of it lies behind."""
    if view[:, 2].min() >= NEAR:
        return view
    kept = []
    for a, b in pairwise([*view, view[0]]):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    return np.array(kept).reshape(-1, 3)


def fill(canvas: Picture, polygons: Floats, colours: Any, camera: Camera, size: Size, *, smooth: bool = False) -> None:
    """Fills world polygons (n, k, 3), in order; without `smooth`, neighbours leave no seam but edges are rough."""
    kind = cv2.LINE_AA if smooth else cv2.LINE_8
    for view, colour in zip(to_view(camera, polygons), np.asarray(colours).tolist(), strict=True):
        seen = _clipped(view)
        if len(seen) > 2:
            cv2.fillConvexPoly(canvas, fixed(to_pixels(camera, seen, size)), colour, kind, SHIFT)


def lines(canvas: Picture, segments: Floats, colours: Any, camera: Camera, size: Size, thick: int) -> None:
    """Draws world segments (n, 2, 3)."""
    for view, colour in zip(to_view(camera, segments), np.asarray(colours).tolist(), strict=True):
        seen = _clipped(view)
        if len(seen) > 1:
            ends = to_pixels(camera, seen[:2], size)
            if (ends.max(axis=0) > 0).all() and (ends.min(axis=0) < size).all():
                cv2.line(canvas, *fixed(ends), colour, thick, cv2.LINE_AA, SHIFT)
