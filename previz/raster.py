"""Polygons and lines of the world, filled into a picture."""

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from previz.camera import NEAR, Camera, Floats, Size, pixels_per_mm, to_pixels, to_view

Picture = NDArray[np.uint8]
SHIFT = 4
# Beyond this, coordinates with fractional bits would overflow the rasteriser.
_FAR_OUT = 2e6

# A worker draws several clips at once; OpenCV's own threads would only fight over the cores.
cv2.setNumThreads(1)


def rgb(colours: Floats) -> Floats:
    """Colours from 0 to 1 as numbers from 0 to 255."""
    return np.asarray(np.clip(colours * 255, 0, 255))


def fixed(pixels: Floats, scale: float = 1.0) -> NDArray[np.int32]:
    """Pixels as the rasteriser's fixed-point numbers, which count from the middle of the first pixel."""
    return np.rint((np.clip(pixels, -_FAR_OUT, _FAR_OUT) * scale - 0.5) * (1 << SHIFT)).astype(np.int32)


def _clipped(view: Floats) -> Floats:
    # A polygon (n, 3) cut at the near plane; empty when all of it lies behind.
    kept = []
    for a, b in pairwise([*view, view[0]]):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    return np.array(kept).reshape(-1, 3)


def paint(canvas: Picture, shapes: Floats, colours: Floats, camera: Camera, size: Size, *, line: int = 0) -> None:
    """Fills world polygons (n, k, 3), in order and without seams, or draws segments (n, 2, 3) so many pixels wide."""
    view = to_view(camera, shapes)
    bounds = view[..., 2:] * np.divide(size, 2 * camera.focal * pixels_per_mm(size))
    beyond = np.logical_or((view[..., :2] > bounds).all(axis=1), (-view[..., :2] > bounds).all(axis=1))
    whole, shades = view[..., 2].min(axis=1) >= NEAR, colours.tolist()
    pixels = fixed(to_pixels(camera, np.where(whole[:, None, None], view, 1.0), size))
    for number in np.flatnonzero(~beyond.any(axis=1)).tolist():
        points = pixels[number]
        if not whole[number]:
            points = fixed(to_pixels(camera, _clipped(view[number]), size))
        if line and len(points) > 1:
            cv2.line(canvas, points[0], points[1], shades[number], line, cv2.LINE_AA, SHIFT)
        elif len(points) > 2:
            cv2.fillConvexPoly(canvas, points, shades[number], cv2.LINE_8, SHIFT)
