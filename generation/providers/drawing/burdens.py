"""What someone carries, hanging from a hand; coordinates in head heights."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import ellipse, spline


def draw(canvas: Canvas, place: Placement, burden: str, hand: tuple[float, float]) -> None:
    x, y = place([hand])[0]
    _DRAWERS[burden](canvas, Placement(x, y, place.size, place.facing))


def _lamp(canvas: Canvas, place: Placement) -> None:
    canvas.stroke(place(ellipse(0.1, 0.36, 0.26, 0.34, start=185, end=355)), 0.9)
    canvas.shape(place([(-0.12, 0.36), (0.32, 0.36), (0.22, 0.22), (-0.02, 0.22)]), 70, 0.8)
    glass = place([(-0.10, 0.36), (0.30, 0.36), (0.36, 0.98), (-0.16, 0.98)])
    canvas.fill(glass, 255, shining=True)
    canvas.outline(glass, 0.8)
    if place.size > 0.05:
        flame = spline([(0.10, 0.48), (0.19, 0.74), (0.10, 0.90), (0.01, 0.74)], closed=True)
        canvas.shape(place(flame), 226, 0.6)
    canvas.shape(place([(-0.22, 0.98), (0.42, 0.98), (0.42, 1.12), (-0.22, 1.12)]), 70, 0.8)


def _umbrella(canvas: Canvas, place: Placement) -> None:
    canvas.stroke(place([(0.1, 0.5), (0.0, -2.6)]), 1.4, taper=0.1)
    scallops = [
        point
        for step in range(5)
        for point in ellipse(1.5 - 0.75 * step, -1.72, 0.375, 0.13, start=360, end=180, steps=6)
    ]
    canopy = place(np.vstack([ellipse(0.0, -1.7, 1.88, 1.0, start=180, end=360), scallops]))
    canvas.shape(canopy, 92, 1.1)
    for x in (-1.1, -0.4, 0.4, 1.1):
        canvas.stroke(place(spline([(0, -2.7), (x * 0.75, -2.3), (x, -1.72)])), 0.6, pressure=190)


def _bag(canvas: Canvas, place: Placement) -> None:
    canvas.stroke(place(ellipse(0.08, 0.55, 0.24, 0.28, start=180, end=360)), 1.6, taper=0.1)
    canvas.shape(place(spline([(-0.5, 0.56), (0.66, 0.56), (0.74, 1.36), (-0.58, 1.36)], closed=True, steps=4)), 120)
    canvas.stroke(place([(-0.5, 0.76), (0.66, 0.76)]), 0.8)


_DRAWERS: Mapping[str, Callable[[Canvas, Placement], None]] = {"bag": _bag, "lamp": _lamp, "umbrella": _umbrella}
