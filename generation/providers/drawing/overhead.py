"""Things seen from straight above, around (x, y); `size` is about half their length."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import ellipse, polygon_box, spline
from generation.providers.drawing.stage import Stage

_Drawer = Callable[[Stage, Canvas, Placement], None]


def draw_from_above(stage: Stage, canvas: Canvas, kind: str, x: float, y: float, size: float, facing: int) -> None:
    _DRAWERS.get(kind, _animal)(stage, canvas, Placement(x, y, size, facing))


def _shadow(stage: Stage, canvas: Canvas, place: Placement, half_wide: float, half_high: float) -> None:
    cast = place(ellipse(0.16 * place.facing, 0.2, half_wide, half_high))
    stage.canvas.shade(cast, 150)


def _boat(stage: Stage, canvas: Canvas, place: Placement) -> None:
    turned = _Turned(place, -24)
    _wake(canvas, turned)
    hull = spline(
        [
            (1.05, 0.0),
            (0.70, 0.24),
            (0.10, 0.34),
            (-0.70, 0.30),
            (-0.84, 0.0),
            (-0.70, -0.30),
            (0.10, -0.34),
            (0.70, -0.24),
        ],
        closed=True,
        steps=5,
    )
    canvas.shape(turned(hull * (1.0, 1.18)), 96, 1.2)
    canvas.shape(turned(hull * 0.84), 232, 0.9)
    canvas.lines([turned([(x, -0.24), (x, 0.24)]) for x in (0.25, 0.4, 0.55)], 0.5, pressure=140)
    canvas.shape(turned(polygon_box(-0.42, -0.20, 0.12, 0.20)), 252, 1.1)
    canvas.shape(turned(polygon_box(0.02, -0.17, 0.12, 0.17)), 70, 0.8)
    canvas.stroke(turned([(0.20, 0.0), (0.66, 0.05)]), 1.2)
    canvas.fill(turned(ellipse(-0.76, 0, 0.07, 0.07, steps=10)), 255, shining=True)
    if stage.light.dark:
        canvas.glow(turned([(-0.76, 0)])[0], place.size * 0.9, 0.8)


class _Turned:
    """A placement turned by degrees against the clock."""

    def __init__(self, place: Placement, degrees: float) -> None:
        angle = math.radians(degrees)
        self._place = place
        self._turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    def __call__(self, points: object) -> np.ndarray:
        return self._place(np.asarray(points, dtype=np.float64).reshape(-1, 2) @ self._turn.T)


def _wake(canvas: Canvas, place: _Turned) -> None:
    churn = spline(
        [
            (-0.7, -0.24),
            (-1.6, -0.20),
            (-2.8, -0.10),
            (-4.2, -0.26),
            (-4.3, 0.1),
            (-2.8, 0.14),
            (-1.6, 0.22),
            (-0.7, 0.24),
        ],
        closed=True,
    )
    canvas.fill(place(churn), 250, shining=True)
    for side in (-1, 1):
        arm = spline(
            [(0.95, side * 0.16), (0.2, side * 0.58), (-1.2, side * 1.05), (-3.0, side * 1.62), (-4.6, side * 2.0)]
        )
        canvas.chalk(place(arm), 3.4, wobble=2)
        canvas.chalk(place(arm[6:] - (0.35, side * 0.16)), 1.7, wobble=3)
        canvas.stroke(place(arm[4:] + (0.05, side * 0.10)), 0.7, pressure=130, wobble=2)
    for _ in range(16):
        x = canvas.random.uniform(-4.0, -0.8)
        y = canvas.random.uniform(-0.18, 0.18)
        canvas.stroke(place([(x, y), (x - 0.22, y + 0.03)]), 0.5, pressure=120)


def _car(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 1.0, 0.42)
    body = polygon_box(-0.95, -0.40, 0.95, 0.40)
    canvas.shape(
        place(
            spline(
                [
                    *body,
                ],
                closed=True,
                steps=5,
            )
        ),
        150,
        1.2,
    )
    canvas.shape(place(polygon_box(-0.45, -0.32, 0.25, 0.32)), 190, 0.9)
    canvas.shape(place([(0.25, -0.32), (0.50, -0.36), (0.50, 0.36), (0.25, 0.32)]), 70, 0.8)
    canvas.shape(place([(-0.45, -0.32), (-0.62, -0.34), (-0.62, 0.34), (-0.45, 0.32)]), 70, 0.8)
    for side in (-0.26, 0.26):
        canvas.fill(place(ellipse(0.98, side, 0.06, 0.08, steps=9)), 255, shining=True)


def _round_tower(stage: Stage, canvas: Canvas, place: Placement) -> None:
    for radius, tone in ((0.62, 244), (0.48, 214), (0.44, 250), (0.26, 120)):
        canvas.shape(place(ellipse(0, 0, radius, radius)), tone, 0.9)
    canvas.shade(place(ellipse(0.12, 0.14, 0.26, 0.26)), 80, within=place(ellipse(0, 0, 0.26, 0.26)))
    for spoke in np.linspace(0, 2 * math.pi, 8, endpoint=False):
        ray = np.array([math.cos(spoke), math.sin(spoke)])
        canvas.stroke(place([ray * 0.05, ray * 0.26]), 0.6)


def _lighthouse(stage: Stage, canvas: Canvas, place: Placement) -> None:
    rng = canvas.random
    rim = [
        (math.cos(angle) * rng.uniform(1.25, 1.8), math.sin(angle) * rng.uniform(1.15, 1.55))
        for angle in np.linspace(0, 2 * math.pi, 13, endpoint=False)
    ]
    shore = spline(rim, closed=True, steps=3)
    for grow in (1.32, 1.16):
        canvas.chalk(place(np.vstack([shore, shore[:1]]) * grow), 2.2, wobble=3)
    canvas.fill(place(shore * 1.08), 250, shining=True)
    canvas.shape(place(shore), 150, 1.0)
    canvas.shade(place(shore) + (0.25 * place.size, 0.35 * place.size), 112, within=place(shore))
    for _ in range(9):
        x, y = rng.uniform(-1, 1), rng.uniform(-1, 1)
        canvas.stroke(place([(x, y), (x + 0.16, y - 0.2), (x + 0.34, y - 0.1)]), 0.7)
    canvas.shade(place([(-0.3, 0.4), (0.4, -0.3), (1.5, 0.9), (0.9, 1.4)]), 96)
    _round_tower(stage, canvas, place)
    if stage.light.dark:
        canvas.fill(place(ellipse(0, 0, 0.26, 0.26)), 255, shining=True)
        canvas.glow((place.x, place.y), place.size * 1.8, 0.9)


def _roofed(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 1.05, 0.75)
    canvas.shape(place(polygon_box(-0.95, -0.60, 0.95, 0.60)), 226, 1.2)
    canvas.shape(place(polygon_box(-0.95, 0.0, 0.95, 0.60)), 165, 1.0)
    canvas.hatch(place(polygon_box(-0.95, 0.0, 0.95, 0.60)), 90, 0.09 * place.size, pressure=120)
    canvas.shape(place(polygon_box(0.40, -0.30, 0.60, -0.10)), 110, 0.9)


def _church(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 1.2, 0.8)
    for box in ((-1.0, -0.28, 1.0, 0.28), (0.05, -0.75, 0.55, 0.75)):
        left, top, right, bottom = box
        canvas.shape(place(polygon_box(*box)), 222, 1.1)
        if right - left > bottom - top:
            canvas.shape(place(polygon_box(left, 0, right, bottom)), 160, 0.8)
        else:
            canvas.shape(place(polygon_box((left + right) / 2, top, right, bottom)), 160, 0.8)
    spire = polygon_box(-1.15, -0.34, -0.5, 0.34)
    canvas.shape(place(spire), 130, 1.1)
    for corner in spire:
        canvas.stroke(place([corner, (-0.825, 0.0)]), 0.8)


def _castle(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 1.2, 1.1)
    canvas.shape(place(polygon_box(-1.0, -0.8, 1.0, 0.8)), 190, 1.2)
    canvas.shape(place(polygon_box(-0.82, -0.62, 0.82, 0.62)), 236, 1.0)
    canvas.shape(place(polygon_box(-0.35, -0.45, 0.5, 0.10)), 160, 1.0)
    for x in (-1.0, 1.0):
        for y in (-0.8, 0.8):
            canvas.shape(place(ellipse(x, y, 0.26, 0.26)), 120, 1.1)


def _train(stage: Stage, canvas: Canvas, place: Placement) -> None:
    left, _, right, _ = canvas.sheet.extent
    for rail in (-0.16, 0.16):
        y = place.y + rail * place.size
        canvas.stroke([(left, y), (right, y)], 0.9)
    sleepers = np.arange(left, right, 0.22 * place.size)
    canvas.lines([[(x, place.y - 0.26 * place.size), (x, place.y + 0.26 * place.size)] for x in sleepers], 0.8)
    for start in (1.15, -0.45, -2.05, -3.65):
        coach = polygon_box(start - 1.5, -0.30, start, 0.30)
        canvas.shape(place(coach), 226, 1.1)
        canvas.shape(place(polygon_box(start - 1.4, -0.12, start - 0.1, 0.12)), 170, 0.7)
    nose = spline([(1.15, -0.30), (1.6, -0.26), (1.9, 0.0), (1.6, 0.26), (1.15, 0.30)], steps=5)
    canvas.shape(place(nose), 130, 1.1)


def _tree(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 1.0, 0.95)
    rng = canvas.random
    rim = [
        (math.cos(angle) * rng.uniform(0.8, 1.1), math.sin(angle) * rng.uniform(0.8, 1.1))
        for angle in np.linspace(0, 2 * math.pi, 14, endpoint=False)
    ]
    crown = place(spline(rim, closed=True, steps=4))
    canvas.fill(crown, 206)
    canvas.shade(crown + (0.3 * place.size, 0.36 * place.size), 150, within=crown)
    canvas.outline(crown, 1.0, wobble=2)


def _animal(stage: Stage, canvas: Canvas, place: Placement) -> None:
    _shadow(stage, canvas, place, 0.95, 0.40)
    canvas.stroke(place(spline([(-0.8, 0.0), (-1.1, 0.1), (-1.3, -0.05)])), 2.0)
    for x in (-0.5, 0.4):
        for side in (-1, 1):
            canvas.shape(place(ellipse(x + 0.1, side * 0.32, 0.14, 0.07)), 130, 0.8)
    canvas.shape(place(ellipse(-0.1, 0, 0.76, 0.30)), 170, 1.1)
    canvas.stroke(place([(-0.7, 0.0), (0.5, 0.0)]), 0.7, pressure=150)
    canvas.shape(place(spline([(0.5, -0.2), (0.9, -0.16), (1.1, 0), (0.9, 0.16), (0.5, 0.2)], closed=True)), 150, 1.0)
    for side in (-1, 1):
        canvas.shape(place(ellipse(0.62, side * 0.2, 0.11, 0.06)), 100, 0.7)


_DRAWERS: Mapping[str, _Drawer] = {
    "boat": _boat,
    "car": _car,
    "castle": _castle,
    "church": _church,
    "fishing-boat": _boat,
    "house": _roofed,
    "lamp-post": _round_tower,
    "lighthouse": _lighthouse,
    "ship": _boat,
    "skyscraper": _roofed,
    "statue": _round_tower,
    "tower": _round_tower,
    "train": _train,
    "tree": _tree,
    "windmill": _round_tower,
}
