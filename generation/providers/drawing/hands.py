"""Hands that fill the picture: one strikes a light and the other shields it, or one holds something up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, spline, tube, without_loop

_SKIN, _SHADOW = 244.0, 196.0

#: The right hand, thumb and forefinger meeting at (0, 0): from the far finger to the near one.
_CURLED = (
    ((0.62, 0.02), (0.40, -0.06), (0.20, 0.06), (0.16, 0.24)),
    ((0.68, 0.14), (0.46, 0.10), (0.28, 0.22), (0.27, 0.40)),
    ((0.76, 0.28), (0.56, 0.27), (0.40, 0.38), (0.42, 0.54)),
)
_FOREFINGER = ((0.60, -0.16), (0.34, -0.30), (0.10, -0.18), (-0.02, -0.02))
_THUMB = ((0.80, 0.20), (0.52, 0.22), (0.26, 0.14), (0.02, 0.05))
_BACK = (
    (0.50, -0.30), (0.66, -0.36), (0.90, -0.30), (1.20, -0.12), (1.60, 0.10), (1.60, 0.72), (1.24, 0.66), (0.96, 0.62),
    (0.66, 0.42), (0.52, 0.10),
)  # fmt: skip
_FINGER_WIDTHS = (0.25, 0.23, 0.21, 0.18)
_THUMB_WIDTHS = (0.32, 0.27, 0.25, 0.19)
_SHIELD_WIDTHS = (0.26, 0.25, 0.23, 0.18)

#: The left hand, hollowed round a flame at (0, 0): fingers from the farthest to the nearest.
_SHIELDING = (
    ((-0.78, 0.16), (-0.70, -0.26), (-0.52, -0.52), (-0.28, -0.62)),
    ((-0.84, 0.22), (-0.82, -0.16), (-0.68, -0.46), (-0.46, -0.62)),
    ((-0.92, 0.30), (-0.95, -0.04), (-0.86, -0.34), (-0.68, -0.54)),
    ((-1.00, 0.38), (-1.08, 0.10), (-1.04, -0.16), (-0.92, -0.38)),
)
_HOLLOW = (
    (-0.66, 0.02), (-0.60, 0.34), (-0.74, 0.66), (-0.92, 0.98), (-1.02, 1.50), (-1.72, 1.50), (-1.46, 0.86), (-1.26, 0.44),
    (-1.10, 0.22), (-0.90, 0.04),
)  # fmt: skip
_SHIELDING_THUMB = ((-0.86, 0.60), (-0.64, 0.40), (-0.46, 0.28), (-0.34, 0.10))


def draw_pinch(canvas: Canvas, place: Placement, sleeve: float, *, old: bool) -> None:
    """Thumb and forefinger closing on (0, 0), the arm coming in from the right."""
    for knots in reversed(_CURLED):
        _finger(canvas, place, knots, _FINGER_WIDTHS, _SKIN * 0.93, old=old)
    _finger(canvas, place, _FOREFINGER, _FINGER_WIDTHS, _SKIN, old=old, nail=(-0.01, -0.06, 58))
    back = place(spline(_BACK, closed=True, steps=5))
    canvas.fill(back, _SKIN)
    canvas.shade(back + (0.10 * place.size * place.facing, 0.30 * place.size), _SHADOW, within=back)
    canvas.stroke(place(spline(_BACK[:5])), 1.5)
    canvas.stroke(place(spline(_BACK[5:9])), 1.5)
    for knuckle in ((0.60, -0.14), (0.66, 0.06)):
        x, y = knuckle
        canvas.stroke(place(spline([(x - 0.03, y - 0.07), (x + 0.05, y), (x, y + 0.07)])), 0.9, pressure=180)
    for tendon in (((0.78, -0.14), (1.02, 0.0), (1.30, 0.14)), ((0.84, 0.04), (1.08, 0.16), (1.32, 0.28))):
        canvas.stroke(place(spline(tendon)), 0.8, pressure=150)
    if old:
        canvas.hatch(
            place([(0.80, 0.30), (1.10, 0.30), (1.30, 0.56), (1.0, 0.52)]), 40, 0.05 * place.size, pressure=140
        )
        for line in (((0.72, -0.22), (0.80, -0.14), (0.86, -0.2)), ((0.92, 0.1), (1.0, 0.06), (1.08, 0.12))):
            canvas.stroke(place(spline(line)), 0.8, pressure=160)
    _finger(canvas, place, _THUMB, _THUMB_WIDTHS, _SKIN, old=old, nail=(0.09, 0.055, -4))
    _cuff(canvas, place, [(1.34, -0.34), (1.30, 0.24), (1.42, 0.92), (3.2, 1.7), (3.2, 0.1)], sleeve)


def draw_shield(canvas: Canvas, place: Placement, sleeve: float, *, old: bool) -> None:
    """A hollow hand on the left, its palm towards (0, 0)."""
    palm = place(spline(_HOLLOW, closed=True, steps=5))
    canvas.fill(palm, _SKIN)
    canvas.shade(palm - (0.34 * place.size * place.facing, -0.1 * place.size), _SHADOW, within=palm)
    for knots in _SHIELDING:
        _finger(canvas, place, knots, _SHIELD_WIDTHS, _SKIN * 0.96, old=old)
    canvas.stroke(place(spline(_HOLLOW[1:5])), 1.5)
    canvas.stroke(place(spline(_HOLLOW[5:9])), 1.5)
    for crease in (((-0.74, 0.10), (-0.86, 0.28), (-0.84, 0.52)), ((-0.98, 0.36), (-0.90, 0.44), (-0.86, 0.62))):
        canvas.stroke(place(spline(crease)), 0.9, pressure=160)
    _finger(canvas, place, _SHIELDING_THUMB, (0.34, 0.28, 0.25, 0.19), _SKIN, old=old, nail=(-0.38, 0.14, -62))
    _cuff(canvas, place, [(-0.80, 1.02), (-1.24, 1.10), (-1.66, 0.96), (-2.6, 2.4), (-1.0, 2.4)], sleeve)


def _finger(
    canvas: Canvas,
    place: Placement,
    knots: PointLike,
    widths: tuple[float, ...],
    tone: float,
    *,
    old: bool,
    nail: tuple[float, float, float] | None = None,
) -> None:
    left, right = tube(knots, widths)
    tip, before = left[-1], right[-1]
    ahead = array(knots)[-1] - array(knots)[-2]
    ahead /= max(float(np.hypot(*ahead)), 1e-6)
    cap = spline(
        [
            tip,
            tip + ahead * widths[-1] * 0.42,
            (tip + before) / 2 + ahead * widths[-1] * 0.60,
            before + ahead * widths[-1] * 0.42,
            before,
        ],
        steps=4,
    )
    whole = np.vstack([left, cap, right[::-1]])
    outline = place(whole)
    for part in (slice(0, len(left) // 2 + 2), slice(len(left) // 2 - 1, None)):
        canvas.fill(place(np.vstack([left[part], right[part][::-1]])), tone)
    canvas.fill(place(cap), tone)
    canvas.shade(outline + (0.02 * place.size * place.facing, 0.09 * place.size), _SHADOW, within=outline)
    canvas.stroke(place(np.vstack([without_loop(left), cap, without_loop(right)[::-1]])), 1.4, taper=0.25)
    for joint in (1, 2):
        _creases(canvas, place, array(knots), joint, widths[joint] * 0.30, 3 if old else 2)
    if nail is not None:
        _nail(canvas, place, *nail)


def _creases(canvas: Canvas, place: Placement, knots: Points, joint: int, half: float, count: int) -> None:
    along = knots[joint + 1] - knots[joint - 1]
    along /= max(float(np.hypot(*along)), 1e-6)
    across = np.array([-along[1], along[0]])
    for index in range(count):
        middle = knots[joint] + along * (index - (count - 1) / 2) * 0.045
        canvas.stroke(
            place(spline([middle - across * half, middle + along * 0.015, middle + across * half])), 0.7, pressure=150
        )


def _nail(canvas: Canvas, place: Placement, x: float, y: float, degrees: float) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    canvas.shape(place(ellipse(0, 0, 0.075, 0.042, steps=16) @ turn.T + (x, y)), 252, 0.8)


def _cuff(canvas: Canvas, place: Placement, outline: PointLike, tone: float) -> None:
    sleeve = place(outline)
    canvas.fill(sleeve, tone)
    canvas.shade(sleeve + (0.1 * place.size, 0.45 * place.size), tone * 0.74, within=sleeve)
    canvas.outline(sleeve, 1.5)
    edge = array(outline)
    canvas.stroke(place(spline(edge[:3] + (edge[3] - edge[2]) * 0.08)), 1.0)


def draw_match(canvas: Canvas, place: Placement) -> None:
    """From the pinch at (0, 0) up to its burning head."""
    stick = [(0.10, 0.07), (-0.44, -0.40), (-0.41, -0.44), (0.14, 0.03)]
    canvas.shape(place(stick), 232, 1.0)
    canvas.shape(place(ellipse(-0.45, -0.44, 0.045, 0.055)), 40, 0.9)


def draw_flame(canvas: Canvas, root: Sequence[float] | Points, size: float) -> None:
    """`size` high."""
    place = Placement(float(root[0]), float(root[1]), size)
    outer = spline(
        [
            (0.0, 0.04),
            (-0.17, -0.06),
            (-0.23, -0.30),
            (-0.12, -0.62),
            (0.03, -1.0),
            (0.07, -0.66),
            (0.20, -0.36),
            (0.16, -0.08),
        ],
        closed=True,
        steps=5,
    )
    canvas.fill(place(outer), 255, shining=True)
    canvas.outline(place(outer), 1.0, pressure=170)
    inner = spline(
        [(0.0, 0.0), (-0.09, -0.12), (-0.08, -0.32), (0.02, -0.54), (0.09, -0.28), (0.07, -0.08)], closed=True
    )
    canvas.fill(place(inner), 226, shining=True)
    canvas.stroke(place(inner), 0.6, pressure=120)


def draw_burner(canvas: Canvas, place: Placement) -> None:
    """A brass burner and its wick, the wick at (0, 0)."""
    canvas.shape(place([(-0.07, 0.06), (-0.06, -0.08), (0.06, -0.08), (0.07, 0.06)]), 236, 1.0)
    canvas.lines([place([(dx, 0.05), (dx, -0.07)]) for dx in (-0.03, 0.0, 0.03)], 0.6, pressure=170)
    collar = spline(
        [(-0.13, 0.05), (0.13, 0.05), (0.34, 0.22), (0.46, 0.42), (-0.46, 0.42), (-0.34, 0.22)], closed=True, steps=4
    )
    brass = place(collar)
    canvas.fill(brass, 196)
    canvas.shade(brass + (0.30 * place.size, 0), 135, within=brass)
    canvas.outline(brass, 1.4)
    for hole in np.linspace(-0.26, 0.26, 6):
        canvas.fill(place(ellipse(hole, 0.28, 0.024, 0.034, steps=10)), 50)
    for box, tone in (((-0.56, 0.42, 0.56, 0.54), 176), ((-0.50, 0.54, 0.50, 1.5), 150)):
        left, top, right, bottom = box
        ring = place([(left, top), (right, top), (right, bottom), (left, bottom)])
        canvas.fill(ring, tone)
        canvas.shade(ring + (0.62 * place.size, 0), tone * 0.7, within=ring)
        canvas.outline(ring, 1.3)
        canvas.chalk(place([(left * 0.66, top + 0.03), (left * 0.66, bottom - 0.02)]), 2.0, 240)
    canvas.shape(place(ellipse(0.68, 0.48, 0.13, 0.15)), 176, 1.2)
