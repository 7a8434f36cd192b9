"""Craft of iron and planks, side on: keel or wheels on (x, y), `size` their height."""

from __future__ import annotations

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import ellipse, polygon_box, spline
from generation.providers.drawing.stage import Stage


def _wash(canvas: Canvas, place: Placement, half: float) -> None:
    """The white water a hull lies in."""
    rim = spline([(-half, 0.0), (-half * 0.4, 0.05), (half * 0.5, 0.05), (half * 1.05, -0.01)])
    canvas.fill(place(np.vstack([rim, rim[::-1] - (0, 0.045)])), 250, shining=True)
    canvas.stroke(place(rim), 0.7, pressure=150, wobble=2)
    for lift in (0.09, 0.14):
        canvas.stroke(
            place(spline([(-half * 0.8, lift), (0, lift + 0.02), (half * 0.7, lift - 0.01)])), 0.7, pressure=140
        )


def draw_fishing_boat(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, lit = Placement(x, y, size, facing), stage.light.dark
    canvas.stroke(place([(0.20, -0.30), (0.20, -1.0)]), 1.6, taper=0.2)
    canvas.stroke(place([(0.20, -0.92), (0.82, -0.44)]), 0.7)
    canvas.stroke(place([(0.20, -0.92), (-0.20, -0.66)]), 0.7)
    canvas.stroke(place([(0.20, -0.44), (-0.02, -0.80)]), 1.2)
    house = place([(-0.46, -0.26), (-0.44, -0.62), (0.02, -0.62), (0.06, -0.26)])
    canvas.shape(house, 240, 1.1)
    canvas.shape(place(polygon_box(-0.50, -0.67, 0.08, -0.61)), 120, 1.0)
    for left, right in ((-0.40, -0.28), (-0.24, -0.12), (-0.08, 0.02)):
        pane = place(polygon_box(left, -0.56, right, -0.44))
        canvas.fill(pane, 252 if lit else 95, shining=lit)
        canvas.outline(pane, 0.7)
    hull = spline(
        [(-0.80, -0.30), (-0.20, -0.24), (0.40, -0.28), (0.92, -0.46), (0.72, -0.12), (0.52, 0.02), (-0.62, 0.02)],
        closed=True,
        steps=5,
    )
    canvas.fill(place(hull), 130)
    canvas.shade(place(hull) + (0, 0.16 * size), 84, within=place(hull))
    canvas.outline(place(hull), 1.2)
    canvas.stroke(place(spline([(-0.78, -0.22), (-0.1, -0.16), (0.45, -0.20), (0.86, -0.38)])), 0.8)
    for post in (0.45, 0.60, 0.75):
        canvas.stroke(place([(post, -0.30 - (post - 0.4) * 0.3), (post, -0.42 - (post - 0.4) * 0.3)]), 0.7)
    canvas.fill(place(ellipse(-0.72, -0.38, 0.03, 0.03)), 255, shining=True)
    if lit:
        canvas.glow(place([(-0.2, -0.5)])[0], 0.5 * size, 0.5)
    _wash(canvas, place, 0.85)


def draw_ship(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, lit = Placement(x, y, size, facing), stage.light.dark
    for fx in (-0.42, -0.10):
        canvas.shape(place([(fx, -0.62), (fx - 0.03, -0.98), (fx + 0.13, -0.98), (fx + 0.14, -0.62)]), 110, 1.0)
        canvas.shade(place(polygon_box(fx - 0.03, -0.98, fx + 0.13, -0.91)), 60)
    for box, tone in (((-0.80, -0.52, 0.50, -0.34), 240), ((-0.68, -0.66, 0.34, -0.50), 248)):
        deck = place(polygon_box(*box))
        canvas.shape(deck, tone, 1.0)
        for column in np.arange(box[0] + 0.06, box[2] - 0.05, 0.10):
            pane = place(polygon_box(column, box[1] + 0.045, column + 0.05, box[1] + 0.10))
            canvas.fill(pane, 252 if lit else 100, shining=lit)
    hull = place([(-1.30, -0.38), (1.38, -0.42), (1.16, 0.02), (-1.14, 0.02)])
    canvas.fill(hull, 118)
    canvas.shade(hull + (0, 0.24 * size), 80, within=hull)
    canvas.outline(hull, 1.2)
    canvas.chalk(place([(-1.26, -0.30), (1.32, -0.33)]), 1.4)
    canvas.stroke(place([(0.86, -0.41), (0.86, -0.92)]), 1.2)
    canvas.stroke(place([(0.86, -0.88), (1.30, -0.43)]), 0.6)
    for porthole in np.linspace(-1.0, 1.0, 12):
        canvas.fill(place(ellipse(porthole, -0.2, 0.02, 0.02, steps=9)), 250 if lit else 220, shining=lit)
    _wash(canvas, place, 1.3)


def draw_train(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, lit = Placement(x, y, size, facing), stage.light.dark
    left, _, right, _ = canvas.sheet.extent
    for rail in (0.0, 0.05):
        canvas.stroke([(left, y + rail * size), (right, y + rail * size)], 1.0)
    for index in range(3):
        back = 0.30 - 2.35 * (index + 1)
        coach = place(polygon_box(back, -0.92, back + 2.28, -0.14))
        canvas.shape(coach, 206, 1.1)
        canvas.shade(place(polygon_box(back, -0.42, back + 2.28, -0.14)), 150)
        for column in range(6):
            pane = place(polygon_box(back + 0.16 + column * 0.34, -0.78, back + 0.40 + column * 0.34, -0.50))
            canvas.fill(pane, 252 if lit else 120, shining=lit)
            canvas.outline(pane, 0.7)
        for wheel in (0.35, 0.65, 1.65, 1.95):
            canvas.shape(place(ellipse(back + wheel, -0.10, 0.11, 0.11)), 60, 0.9)
    nose = spline([(0.32, -0.14), (0.32, -0.94), (1.30, -0.94), (1.72, -0.80), (2.0, -0.42), (2.05, -0.16)], steps=5)
    canvas.shape(place(nose), 150, 1.2)
    canvas.shade(place([(0.32, -0.40), (2.0, -0.40), (2.05, -0.14), (0.32, -0.14)]), 110)
    screen = place([(1.34, -0.84), (1.62, -0.76), (1.78, -0.54), (1.34, -0.54)])
    canvas.fill(screen, 250 if lit else 95, shining=lit)
    canvas.outline(screen, 0.9)
    canvas.fill(place(ellipse(1.93, -0.34, 0.06, 0.05)), 255, shining=True)
    canvas.outline(place(ellipse(1.93, -0.34, 0.06, 0.05)), 0.8)
    for wheel in (0.6, 0.95, 1.4, 1.72):
        canvas.shape(place(ellipse(wheel, -0.10, 0.12, 0.12)), 60, 0.9)
    if lit:
        canvas.glow(place([(2.0, -0.34)])[0], 0.5 * size, 0.8)


def draw_plane(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place = Placement(x, y, size, facing)
    canvas.shape(place([(0.1, -0.52), (-0.55, -0.95), (-0.75, -0.95), (-0.30, -0.50)]), 160, 1.0)
    body = place(
        spline(
            [
                (-1.5, -0.58),
                (-1.0, -0.66),
                (0.8, -0.66),
                (1.25, -0.58),
                (1.42, -0.46),
                (1.2, -0.36),
                (0.6, -0.32),
                (-0.8, -0.36),
            ],
            closed=True,
        )
    )
    canvas.fill(body, 248)
    canvas.shade(body + (0, 0.18 * size), 176, within=body)
    canvas.outline(body, 1.2)
    canvas.shape(place([(-1.46, -0.58), (-1.66, -1.0), (-1.42, -1.0), (-1.02, -0.64)]), 130, 1.1)
    canvas.shape(place([(-1.3, -0.52), (-1.72, -0.42), (-1.60, -0.38), (-1.05, -0.46)]), 170, 1.0)
    canvas.shape(place([(0.25, -0.42), (-0.75, 0.0), (-1.0, 0.0), (-0.35, -0.44)]), 190, 1.2)
    canvas.shape(place(ellipse(-0.15, -0.20, 0.20, 0.08)), 120, 1.0)
    canvas.shape(place([(1.14, -0.60), (1.30, -0.53), (1.10, -0.51)]), 70, 0.8)
    for pane in np.linspace(-0.9, 0.9, 16):
        canvas.fill(place(ellipse(pane, -0.535, 0.022, 0.03, steps=8)), 80)
