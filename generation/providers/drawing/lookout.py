"""A large window from within, and the world drawn on the layer before it goes round it."""

from __future__ import annotations

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.closeups import draw_object
from generation.providers.drawing.geometry import Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.stage import Stage

_TOP, _SILL = 0.06, 0.80


def _frame(stage: Stage) -> tuple[float, float]:
    half = min(0.80, stage.aspect * 0.44)
    return stage.aspect / 2 - half, stage.aspect / 2 + half


def draw_window_round(stage: Stage, *, lamp: bool) -> None:
    canvas = stage.canvas
    left, top, right, bottom = canvas.sheet.extent
    west, east = _frame(stage)
    _draw_wet_glass(stage, west, east)
    wall = 206
    for box in (
        (left, top, west, bottom),
        (east, top, right, bottom),
        (left, top, right, _TOP),
        (left, _SILL, right, bottom),
    ):
        canvas.fill(polygon_box(*box), wall)
    canvas.shade(polygon_box(east, top, right, bottom), 165)
    canvas.shade(polygon_box(left, _SILL + 0.05, right, bottom), 175)
    canvas.hatch(polygon_box(east + 0.03, top, right, bottom), 64, 0.022, pressure=85)
    canvas.hatch(polygon_box(left, _SILL + 0.07, right, bottom), 4, 0.03, pressure=70)
    for x in (west, east):
        _bar(canvas, polygon_box(x - 0.028, _TOP - 0.03, x + 0.028, _SILL + 0.01))
    _bar(canvas, polygon_box(west - 0.028, _TOP - 0.03, east + 0.028, _TOP + 0.012))
    columns = max(2, round((east - west) / 0.42))
    for x in np.linspace(west, east, columns + 1)[1:-1]:
        _bar(canvas, polygon_box(x - 0.011, _TOP, x + 0.011, _SILL))
    _bar(canvas, polygon_box(west, 0.285, east, 0.305))
    canvas.shape(
        [(west - 0.10, _SILL + 0.05), (west - 0.03, _SILL), (east + 0.03, _SILL), (east + 0.10, _SILL + 0.05)], 236
    )
    canvas.shape(polygon_box(west - 0.10, _SILL + 0.05, east + 0.10, _SILL + 0.085), 170)
    if lamp:
        x = west + 0.16
        if stage.light.dark:
            canvas.glow((x, _SILL - 0.09), 0.42, 0.6)
        draw_object(canvas, "lamp", x, _SILL - 0.068, 0.17)


def _bar(canvas: Canvas, box: Points) -> None:
    canvas.shape(box, 226, 0.9)
    low, high = box.min(axis=0), box.max(axis=0)
    if high[1] - low[1] > high[0] - low[0]:
        canvas.shade(polygon_box(low[0] + (high[0] - low[0]) * 0.6, low[1], high[0], high[1]), 160)
    else:
        canvas.shade(polygon_box(low[0], low[1] + (high[1] - low[1]) * 0.6, high[0], high[1]), 160)


def _draw_wet_glass(stage: Stage, west: float, east: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    for _ in range(min(stage.weather.rain, 48)):
        x, y, length = rng.uniform(west, east), rng.uniform(_TOP, _SILL), rng.uniform(0.03, 0.09)
        canvas.chalk([(x, y), (x - length * 0.16, y + length)], 0.7, wobble=0)
    if stage.weather.wet:
        for _ in range(26):
            x, y, size = rng.uniform(west, east), rng.uniform(_TOP, _SILL), rng.uniform(0.004, 0.008)
            canvas.fill(ellipse(x, y, size, size * 1.3, steps=9), 252, shining=True)
            canvas.lines([ellipse(x, y, size, size * 1.3, start=0, end=150, steps=7)], 0.5, pressure=170)
        for _ in range(8):
            x, y = rng.uniform(west, east), rng.uniform(_TOP, 0.5)
            run = array([(0, 0), (0.006, 0.06), (-0.004, 0.12), (0.003, 0.2)]) + (x, y)
            canvas.chalk(spline(run), 1.2, 245)
    for _ in range(min(stage.weather.snow, 60)):
        x, y = rng.uniform(west, east), rng.uniform(_TOP, _SILL)
        canvas.fill(ellipse(x, y, 0.005, 0.005, steps=7), 255, shining=True)
    for share in (0.16, 0.58):
        x = west + (east - west) * share
        canvas.chalk([(x + 0.10, _TOP + 0.05), (x, _TOP + 0.20)], 1.0, 240)
        canvas.chalk([(x + 0.13, _TOP + 0.06), (x + 0.05, _TOP + 0.18)], 0.7, 240)
