"""Roads and towns in perspective, and the cars on them."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.landscapes import draw_grass, draw_tree
from generation.providers.drawing.stage import Stage


def draw_city(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    _skyline(stage)
    rise = 0.52 / max(1 - stage.horizon, 0.2)
    road = stage.seen_from([(-1.05, 60), (1.05, 60), (1.05, 0.45), (-1.05, 0.45)])
    canvas.fill(road, stage.light.ground * 0.86, shining=True)
    for side in (-1, 1):
        depth = 13.0
        while depth > 0.62:
            near = depth * rng.uniform(0.58, 0.72)
            _building(stage, side, near, depth, rng.uniform(2.3, 5.2) * rise)
            depth = near
        kerb = stage.seen_from([(side * 1.05, 40), (side * 1.05, 0.45)])
        canvas.stroke(kerb, 1.0)
        canvas.stroke(stage.seen_from([(side * 1.12, 40), (side * 1.12, 0.45)]), 0.6, pressure=150)
    dashes = [
        stage.seen_from([(-0.03, z), (0.03, z), (0.03, z * 0.8), (-0.03, z * 0.8)])
        for z in (9, 6, 4, 2.6, 1.8, 1.25, 0.85)
    ]
    for dash in dashes:
        canvas.fill(dash, 250)
        canvas.outline(dash, 0.5, pressure=150)
    for side, z in ((-1, 2.6), (1, 4.2), (-1, 6.5)):
        _street_lamp(stage, side * 1.12, z, rise)
    if stage.weather.wet:
        _puddles(stage)
    if rng.random() < 0.6:
        draw_car(stage, *stage.spot(rng.choice((-0.62, 0.62)), 3.2), 0.17)


def _skyline(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    x = left
    while x < right:
        wide, high = rng.uniform(0.05, 0.13), rng.uniform(0.08, 0.26)
        block = polygon_box(x, stage.horizon - high, x + wide, stage.horizon)
        canvas.fill(block, 222)
        canvas.stroke([block[3], block[0], block[1], block[2]], 0.5, pressure=110, taper=0.2)
        x += wide * rng.uniform(0.8, 1.15)


def _building(stage: Stage, side: int, near: float, far: float, height: float) -> None:
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    face = 1.55 * side
    tone = rng.choice((238, 222, 204, 190)) * (0.84 if side > 0 else 1.0)
    wall = stage.seen_from([(face, near, 0), (face, far, 0), (face, far, height), (face, near, height)])
    front = stage.seen_from(
        [(face, near, 0), (face + 3 * side, near, 0), (face + 3 * side, near, height), (face, near, height)]
    )
    pavement = stage.seen_from([(1.12 * side, near), (1.12 * side, far), (face, far), (face, near)])
    canvas.fill(pavement, light.ground * 0.96, shining=True)
    canvas.fill(wall, tone)
    canvas.fill(front, tone * 0.88)
    weight = min(1.25, 0.5 + 1.1 / near)
    for face_outline in (wall, front):
        canvas.outline(face_outline, weight)
    if side > 0:
        canvas.hatch(wall, 58, 0.022, pressure=85)
    canvas.hatch(front, 90, 0.034, pressure=75)
    storeys = max(2, int(height / 0.85))
    columns = 4
    floor = height / (storeys + 0.4)
    lines = []
    for storey in range(storeys):
        base = floor * (storey + 0.35)
        for column in range(columns):
            a = near * (far / near) ** ((column + 0.22) / columns)
            b = near * (far / near) ** ((column + 0.74) / columns)
            window = stage.seen_from(
                [(face, a, base), (face, b, base), (face, b, base + floor * 0.6), (face, a, base + floor * 0.6)]
            )
            if np.ptp(window[:, 1]) < 0.008:
                continue
            lit = light.dark and rng.random() < 0.45
            canvas.fill(window, 250 if lit else tone * rng.uniform(0.52, 0.72), shining=lit)
            lines.append(np.vstack([window, window[:1]]))
            if near < 2:
                middle = (window[0] + window[1]) / 2, (window[2] + window[3]) / 2
                lines.append(array(middle))
    canvas.lines(lines, 0.55 * weight, pressure=190)
    cornice = stage.seen_from([(face * 0.98, near, height), (face * 0.98, far, height)])
    canvas.stroke(cornice, weight * 1.3)


def _street_lamp(stage: Stage, x: float, z: float, rise: float) -> None:
    canvas = stage.canvas
    foot, top = stage.seen_from([(x, z, 0), (x, z, 2.1 * max(rise, 0.8))])
    reach = (top[1] - foot[1]) * 0.16 * (1 if x > 0 else -1)
    head = top + (reach, 0.0)
    if stage.light.dark:
        canvas.fill(ellipse(head[0], head[1], 0.16 / z, 0.16 / z), min(255, stage.light.sky_high + 48), shining=True)
    canvas.stroke(
        spline([foot, (foot + top) / 2, top, (top + head) / 2 + (0, -0.02 / z), head]), 2.6 / math.sqrt(z), taper=0.2
    )
    canvas.fill(ellipse(head[0], head[1] + 0.005, 0.045 / z, 0.025 / z, steps=12), 255, shining=True)
    canvas.outline(ellipse(head[0], head[1] + 0.005, 0.045 / z, 0.025 / z, steps=12), 0.6)


def _puddles(stage: Stage) -> None:
    for _ in range(5):
        x, z = stage.rng.uniform(-0.9, 0.9), stage.rng.uniform(0.9, 3.5)
        spot = stage.seen_from(ellipse(x, z, 0.25, 0.2 * z, steps=16))
        stage.canvas.fill(spot, 246)
        stage.canvas.outline(spot, 0.6, pressure=150)
        middle = spot.mean(axis=0)
        stage.canvas.lines(
            [array([middle + (dx, -0.006), middle + (dx * 0.8, 0.012)]) for dx in (-0.02, 0.0, 0.025)], 0.5
        )


def draw_car(stage: Stage, x: float, y: float, wide: float, facing: int = 1) -> None:
    """Side view, wheels on (x, y)."""
    canvas = stage.canvas
    size = wide

    def at(points: PointLike) -> Points:
        return array(points) * (size * facing, size) + (x, y)

    canvas.shade(at(ellipse(0, 0.0, 0.62, 0.05)), 120)
    body = at(
        spline(
            [
                (-0.58, -0.10),
                (-0.59, -0.24),
                (-0.50, -0.30),
                (-0.36, -0.32),
                (-0.20, -0.48),
                (0.12, -0.49),
                (0.30, -0.33),
                (0.52, -0.28),
                (0.60, -0.20),
                (0.59, -0.09),
                (0.4, -0.07),
                (-0.4, -0.07),
            ],
            closed=True,
        )
    )
    tone = stage.rng.choice((225, 170, 120))
    canvas.fill(body, tone)
    canvas.shade(at([(-0.7, -0.2), (0.7, -0.19), (0.7, 0), (-0.7, 0)]), tone * 0.74, within=body)
    canvas.outline(body, 1.2)
    for window in (
        [(-0.29, -0.33), (-0.17, -0.45), (-0.05, -0.455), (-0.05, -0.33)],
        [(-0.01, -0.33), (-0.01, -0.455), (0.10, -0.45), (0.22, -0.335)],
    ):
        canvas.shape(at(window), 236, 0.8)
        canvas.hatch(at(window), 60, 0.07 * size, pressure=120)
    canvas.stroke(at([(-0.03, -0.32), (-0.04, -0.1)]), 0.8)
    canvas.stroke(at([(-0.56, -0.21), (0.56, -0.195)]), 0.7)
    canvas.fill(at(ellipse(0.56, -0.20, 0.03, 0.035)), 255, shining=True)
    for wheel in (-0.36, 0.37):
        canvas.shape(at(ellipse(wheel, -0.06, 0.11, 0.11)), 60, 1.1)
        canvas.shape(at(ellipse(wheel, -0.06, 0.055, 0.055)), 215, 0.7)


def draw_road(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    xs = np.linspace(left, right, 20)
    hills = np.column_stack(
        [xs, stage.horizon - 0.09 * (0.6 + 0.4 * np.sin(xs * rng.uniform(2, 4) + rng.uniform(0, 6)))]
    )
    canvas.fill(np.vstack([hills, [(right, stage.horizon + 0.01), (left, stage.horizon + 0.01)]]), 220)
    canvas.stroke(hills, 0.7, pressure=140)
    road = stage.seen_from([(-0.75, 80), (0.75, 80), (0.75, 0.45), (-0.75, 0.45)])
    canvas.fill(road, stage.light.ground * 0.78, shining=True)
    for x in (-0.75, 0.75):
        canvas.stroke(stage.seen_from([(x, 60), (x, 0.45)]), 1.1)
        canvas.chalk(stage.seen_from([(x * 0.92, 50), (x * 0.92, 0.45)]), 1.4)
    for z in (14, 9, 6, 4, 2.7, 1.85, 1.3, 0.9):
        canvas.fill(stage.seen_from([(-0.025, z), (0.025, z), (0.025, z * 0.8), (-0.025, z * 0.8)]), 255)
    side = rng.choice((-1, 1))
    rise = 0.52 / max(1 - stage.horizon, 0.2)
    tops = []
    for z in (12, 7.5, 4.8, 3.1, 2.0):
        foot, top = stage.seen_from([(side * 1.2, z, 0), (side * 1.2, z, 2.6 * rise)])
        canvas.stroke([foot, top], 3.2 / math.sqrt(z), taper=0.2)
        bar = 0.16 / z
        canvas.stroke([top + (-bar, 0.05 / z), top + (bar, 0.05 / z)], 2.2 / math.sqrt(z))
        tops.append(top + (bar * 0.8, 0.05 / z))
    for first, second in pairwise(tops):
        sag = (first + second) / 2 + (0, 0.02)
        canvas.stroke(spline([first, sag, second]), 0.5, pressure=170)
    draw_tree(stage, *stage.spot(-side * 2.2, 3.2), 0.3)
    draw_grass(stage, 50)
    if stage.weather.wet:
        _puddles(stage)
