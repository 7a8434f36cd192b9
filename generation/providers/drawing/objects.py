"""More things that stand or lie on a table, around (0, 0) and about one unit high."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import ellipse, polygon_box, spline
from generation.providers.drawing.hands import draw_burner, draw_flame


def _glass(canvas: Canvas, place: Placement) -> None:
    canvas.shape(place(ellipse(0, 0.46, 0.26, 0.06)), 236, 1.1)
    canvas.shape(place([(-0.025, 0.06), (0.025, 0.06), (0.03, 0.44), (-0.03, 0.44)]), 238, 1.0)
    bowl = spline(
        [(-0.30, -0.56), (-0.34, -0.28), (-0.24, -0.04), (0.0, 0.08), (0.24, -0.04), (0.34, -0.28), (0.30, -0.56)]
    )
    canvas.shape(place(bowl), 250, 1.3)
    wine = spline([(-0.335, -0.28), (-0.24, -0.04), (0.0, 0.07), (0.24, -0.04), (0.335, -0.28)])
    canvas.fill(place(wine), 105)
    canvas.shape(place(ellipse(0, -0.28, 0.335, 0.07)), 130, 0.9)
    canvas.outline(place(ellipse(0, -0.56, 0.30, 0.07)), 1.1)
    canvas.chalk(place(spline([(-0.22, -0.46), (-0.25, -0.28), (-0.19, -0.10)])), 2.4)


def _candle(canvas: Canvas, place: Placement) -> None:
    canvas.shape(place(ellipse(0, 0.48, 0.44, 0.10)), 150, 1.3)
    body = place([(-0.15, -0.12), (0.15, -0.12), (0.16, 0.46), (-0.16, 0.46)])
    canvas.fill(body, 250)
    canvas.shade(body + (0.18 * place.size, 0), 196, within=body)
    canvas.outline(body, 1.3)
    drip = [(-0.15, -0.10), (-0.13, 0.12), (-0.09, 0.14), (-0.06, -0.02), (0.02, 0.06), (0.06, -0.06), (0.15, -0.10)]
    canvas.shape(place(spline([*drip, (0.0, -0.16)], closed=True, steps=4)), 255, 0.9)
    canvas.stroke(place([(0, -0.12), (0.01, -0.24)]), 1.4)
    canvas.glow(place([(0, -0.42)])[0], 0.8 * place.size, 0.7)
    _rays(canvas, place, (0.0, -0.42), 0.42)
    draw_flame(canvas, place([(0.01, -0.20)])[0], 0.50 * place.size)


def _rays(canvas: Canvas, place: Placement, middle: tuple[float, float], start: float) -> None:
    for angle in np.linspace(0, 2 * math.pi, 20, endpoint=False):
        ray = np.array([math.cos(angle), math.sin(angle)])
        canvas.chalk(place([ray * start + middle, ray * (start + canvas.random.uniform(0.14, 0.26)) + middle]), 1.1)


def _match(canvas: Canvas, place: Placement) -> None:
    box = place([(-0.10, 0.10), (0.62, 0.02), (0.72, 0.38), (0.0, 0.48)])
    canvas.shape(box, 214, 1.3)
    canvas.shade(place([(0.0, 0.48), (0.72, 0.38), (0.69, 0.28), (-0.03, 0.38)]), 120)
    canvas.outline(place([(0.08, 0.15), (0.52, 0.10), (0.57, 0.27), (0.13, 0.33)]), 0.8)
    canvas.shape(place([(-0.62, 0.44), (-0.16, -0.16), (-0.12, -0.13), (-0.56, 0.48)]), 236, 1.1)
    canvas.glow(place([(-0.12, -0.32)])[0], 0.8 * place.size, 0.7)
    _rays(canvas, place, (-0.12, -0.34), 0.40)
    draw_flame(canvas, place([(-0.13, -0.14)])[0], 0.46 * place.size)


def _burner(canvas: Canvas, place: Placement) -> None:
    base = Placement(place.x, place.y - 0.08 * place.size, place.size * 0.36, place.facing)
    draw_burner(canvas, base)


def _flower(canvas: Canvas, place: Placement) -> None:
    stem = spline([(0.02, -0.30), (0.06, 0.0), (-0.02, 0.30), (0.06, 0.56)])
    canvas.stroke(place(stem), 4.0, taper=0.2)
    for side, root in ((-1, 0.10), (1, 0.24)):
        leaf = spline(
            [(0.03, root), (side * 0.20, root - 0.16), (side * 0.42, root - 0.14), (side * 0.24, root + 0.04)],
            closed=True,
        )
        canvas.shape(place(leaf), 130, 1.1)
        canvas.stroke(place([(0.03, root), (side * 0.38, root - 0.13)]), 0.7)
    for ring, count, reach, tone in ((0, 8, 0.34, 226), (1, 6, 0.24, 244), (2, 4, 0.14, 252)):
        for index in range(count):
            angle = index * 2 * math.pi / count + ring * 0.4
            ray, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
            middle = np.array([0.0, -0.46])
            petal = spline(
                [
                    middle,
                    middle + ray * reach * 0.6 + across * reach * 0.42,
                    middle + ray * reach * 1.05,
                    middle + ray * reach * 0.6 - across * reach * 0.42,
                ],
                closed=True,
                steps=4,
            )
            canvas.shape(place(petal), tone, 1.0)
    canvas.shape(place(ellipse(0, -0.46, 0.07, 0.07)), 120, 1.0)


def _knife(canvas: Canvas, place: Placement) -> None:
    blade = spline([(-0.95, 0.30), (-0.55, 0.02), (0.12, -0.12), (0.16, 0.06), (-0.45, 0.24)], closed=True, steps=4)
    canvas.fill(place(blade), 246)
    canvas.shade(place(blade) + (0, 0.09 * place.size), 180, within=place(blade))
    canvas.outline(place(blade), 1.3)
    canvas.chalk(place([(-0.62, 0.14), (0.02, -0.04)]), 1.6)
    canvas.shape(place([(0.12, -0.15), (0.20, -0.17), (0.25, 0.07), (0.17, 0.09)]), 150, 1.1)
    handle = spline(
        [(0.22, -0.14), (0.60, -0.26), (0.94, -0.30), (0.98, -0.14), (0.62, -0.04), (0.25, 0.05)], closed=True
    )
    canvas.shape(place(handle), 84, 1.4)
    for at in (0.40, 0.62, 0.84):
        canvas.fill(place(ellipse(at, -0.06 - at * 0.18, 0.025, 0.025, steps=10)), 220)


def _screen(canvas: Canvas, place: Placement) -> None:
    panel = place(polygon_box(-0.74, -0.62, 0.74, 0.26))
    canvas.shape(panel, 66, 1.5)
    canvas.fill(place(polygon_box(-0.68, -0.56, 0.68, 0.20)), 250, shining=True)
    canvas.fill(place(polygon_box(-0.68, -0.56, 0.68, -0.48)), 170)
    canvas.shape(place(polygon_box(-0.58, -0.38, -0.08, 0.08)), 196, 0.8)
    for row in range(5):
        canvas.stroke(
            place([(0.04, -0.34 + 0.09 * row), (0.56 - 0.10 * (row % 3), -0.34 + 0.09 * row)]), 1.8, pressure=130
        )
    canvas.shape(place([(-0.78, 0.28), (0.78, 0.28), (0.98, 0.54), (-0.98, 0.54)]), 170, 1.4)
    for row in range(4):
        share = row / 4
        half, y = 0.72 + 0.16 * share, 0.32 + 0.045 * row
        canvas.lines([place([(x, y), (x + 0.075, y)]) for x in np.arange(-half, half, 0.11)], 1.6, pressure=190)
    canvas.glow(place([(0, -0.2)])[0], 1.1 * place.size, 0.3)


def _box(canvas: Canvas, place: Placement) -> None:
    top = place([(-0.62, -0.20), (0.06, -0.42), (0.68, -0.18), (0.02, 0.06)])
    canvas.shape(top, 244, 1.3)
    canvas.shape(place([(-0.62, -0.20), (0.02, 0.06), (0.02, 0.56), (-0.58, 0.26)]), 206, 1.3)
    canvas.shape(place([(0.02, 0.06), (0.68, -0.18), (0.64, 0.28), (0.02, 0.56)]), 150, 1.3)
    canvas.stroke(place([(-0.28, -0.31), (0.36, -0.06), (0.35, 0.42)]), 2.6, taper=0.1)
    canvas.stroke(place([(0.38, -0.30), (-0.29, -0.07), (-0.28, 0.41)]), 2.6, taper=0.1)


OBJECTS: Mapping[str, Callable[[Canvas, Placement], None]] = {
    "box": _box,
    "burner": _burner,
    "candle": _candle,
    "flower": _flower,
    "glass": _glass,
    "knife": _knife,
    "match": _match,
    "screen": _screen,
}
