"""Wide empty places in perspective: the sea, the desert, a moon."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.landscapes import draw_rocks
from generation.providers.drawing.stage import Stage


def draw_sea(stage: Stage) -> None:
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    left, _, right, bottom = canvas.sheet.extent
    depth = max(1 - stage.horizon, 0.2)
    shore = stage.horizon + depth * 0.50
    canvas.fill(polygon_box(left, stage.horizon, right, bottom), light.sky_low * 0.82, shining=True)
    canvas.stroke([(left, stage.horizon), (right, stage.horizon)], 0.9, pressure=190, wobble=0.4)
    west = rng.uniform(0.05, 0.3) * stage.aspect
    rises = ((0, 0), (0.08, 0.035), (0.16, 0.075), (0.25, 0.05), (0.33, 0.03), (0.42, 0))
    island = spline([(west + x, stage.horizon - y) for x, y in rises])
    canvas.shape(np.vstack([island, island[:1]]), 190, 0.6, pressure=150)
    _waves(stage, stage.horizon + 0.01, shore, 46)
    beach = spline(
        [
            (left, shore + 0.05 * depth),
            (left + 0.5, shore + 0.16 * depth),
            (stage.aspect * 0.5, shore + 0.02),
            (right - 0.4, shore + 0.14 * depth),
            (right, shore - 0.02),
        ]
    )
    canvas.fill(np.vstack([beach - (0, 0.022), beach[::-1]]), 255)
    canvas.fill(np.vstack([beach, [(right, bottom), (left, bottom)]]), light.ground, shining=True)
    canvas.stroke(beach, 0.9, pressure=180, wobble=1.6)
    canvas.stroke(beach - (0, 0.024), 0.6, pressure=120, wobble=2)
    dots = [
        array([(x, y), (x + 0.004, y)])
        for x, y in ((rng.uniform(left, right), rng.uniform(shore + 0.1, bottom)) for _ in range(90))
    ]
    canvas.lines(dots, 0.6, pressure=120)
    if light.sun is not None or light.moon:
        for step in range(14):
            y = stage.horizon + 0.006 + (shore - stage.horizon) * (step / 14) ** 1.4
            half = 0.012 + 0.05 * (step / 14)
            x = stage.aspect * 0.62 + rng.uniform(-0.03, 0.03)
            canvas.chalk([(x - half, y), (x + half, y)], 1.1)
    draw_boat(stage, rng.uniform(0.62, 0.85) * stage.aspect, stage.horizon + 0.02, 0.09)
    for _ in range(4):
        draw_gull(
            stage,
            rng.uniform(0.1, 0.9) * stage.aspect,
            rng.uniform(0.1, 0.5) * max(stage.horizon, 0.3),
            rng.uniform(0.012, 0.03),
        )


def _waves(stage: Stage, top: float, bottom: float, count: int) -> None:
    left, _, right, _ = stage.canvas.sheet.extent
    for _ in range(count):
        depth = stage.rng.random()
        y = top + (bottom - top) * depth**1.3
        half = 0.02 + 0.075 * depth
        x = stage.rng.uniform(left, right)
        crest = spline(
            [
                (x - half, y),
                (x - half * 0.4, y - half * 0.13),
                (x + half * 0.2, y + half * 0.02),
                (x + half, y - half * 0.06),
            ]
        )
        stage.canvas.stroke(crest, 0.5 + 0.5 * depth, pressure=int(105 + 60 * depth))


def draw_gull(stage: Stage, x: float, y: float, size: float) -> None:
    stage.canvas.stroke(
        spline(
            [
                (x - size, y - size * 0.3),
                (x - size * 0.4, y - size * 0.5),
                (x, y),
                (x + size * 0.45, y - size * 0.55),
                (x + size, y - size * 0.25),
            ]
        ),
        0.9,
    )


def draw_boat(stage: Stage, x: float, y: float, size: float, facing: int = 1) -> None:
    canvas = stage.canvas

    def at(points: PointLike) -> Points:
        return array(points) * (size * facing, size) + (x, y)

    sail = at(spline([(0.03, -1.75), (0.18, -1.0), (0.62, -0.34), (0.03, -0.30)]))
    jib = at([(-0.05, -1.6), (-0.08, -0.34), (-0.62, -0.30)])
    canvas.shape(sail, 252, 1.0)
    canvas.shade(at([(0.3, -1.3), (0.62, -0.34), (0.2, -0.3)]), 205, within=sail)
    canvas.shape(jib, 226, 1.0)
    canvas.stroke(at([(0, -1.9), (0, -0.2)]), 1.4, taper=0.2)
    hull = at(
        spline([(-0.85, -0.28), (-0.55, 0.0), (0.0, 0.06), (0.55, 0.02), (0.8, -0.25), (0.0, -0.19)], closed=True)
    )
    canvas.shape(hull, 120, 1.2)
    canvas.stroke(at(spline([(-0.78, -0.16), (0, -0.07), (0.72, -0.14)])), 0.7)
    canvas.chalk(at([(-0.7, 0.10), (-0.1, 0.12)]), 1.0)
    canvas.stroke(at([(-0.8, 0.13), (0.7, 0.13)]), 0.8, pressure=160)


def draw_desert(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, bottom = canvas.sheet.extent
    depth = max(1 - stage.horizon, 0.2)
    for index in range(5):
        base = stage.horizon + depth * (0.02 + 0.16 * index)
        high = 0.05 + 0.035 * index
        x = rng.uniform(0.1, 0.9) * stage.aspect
        crest = spline(
            [
                (left, base),
                (x - 0.5, base - high * 0.3),
                (x, base - high),
                (x + 0.35, base - high * 0.2),
                (right, base - high * 0.1),
            ]
        )
        canvas.fill(
            np.vstack([crest, [(right, bottom), (left, bottom)]]), min(stage.light.ground + 8, 255), shining=True
        )
        lee = spline(
            [
                (x, base - high),
                (x + 0.35, base - high * 0.2),
                (x + 0.55, base + high * 0.1),
                (x + 0.16, base + high * 0.35),
                (x + 0.07, base - high * 0.3),
            ],
            closed=True,
        )
        canvas.shade(lee, 196)
        canvas.hatch(lee, 18, 0.015, pressure=90)
        canvas.stroke(crest, 0.8)
        ripple = spline(
            [
                (x - 0.45, base + high * 0.4),
                (x - 0.3, base + high * 0.3),
                (x - 0.15, base + high * 0.42),
                (x, base + high * 0.36),
            ]
        )
        canvas.stroke(ripple, 0.5, pressure=120)
    for side, z in ((rng.choice((-1, 1)), 3.0), (rng.choice((-1, 1)), 6.0)):
        _cactus(stage, *stage.spot(side * rng.uniform(1.2, 1.9) * z / 2, z), 0.5 / z)
    draw_rocks(stage, 5)


def _cactus(stage: Stage, x: float, y: float, high: float) -> None:
    canvas = stage.canvas
    for points in (
        [(0.3, -0.75), (0.3, -0.5), (0.22, -0.42), (0.05, -0.4)],
        [(-0.28, -0.62), (-0.28, -0.4), (-0.2, -0.3), (-0.05, -0.28)],
    ):
        arm = spline(array(points) * high + (x, y))
        canvas.stroke(arm, high * 42, pressure=235, taper=0.1)
        canvas.chalk(arm, high * 30, 175)
    body = spline(
        array([(-0.09, 0), (-0.1, -0.5), (-0.08, -0.92), (0.0, -1.0), (0.08, -0.92), (0.1, -0.5), (0.09, 0)]) * high
        + (x, y)
    )
    canvas.shape(body, 165, 1.0)
    for dx in (-0.03, 0.03):
        canvas.stroke([(x + dx * high, y - 0.9 * high), (x + dx * high, y - 0.05 * high)], 0.6, pressure=160)


def draw_space(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), 62, shining=True)
    for _ in range(130):
        x, y, size = rng.uniform(left, right), rng.uniform(top, bottom), rng.choice((0.0012, 0.002, 0.003, 0.0042))
        canvas.fill(ellipse(x, y, size, size, steps=7), rng.choice((170, 220, 255)), shining=True)
    _planet(stage, rng.choice((0.2, 0.8)) * stage.aspect, max(0.2, stage.horizon * 0.55), rng.uniform(0.15, 0.22))
    ground = spline(
        [
            (left, stage.horizon + 0.03),
            (stage.aspect * 0.3, stage.horizon - 0.005),
            (stage.aspect * 0.7, stage.horizon + 0.01),
            (right, stage.horizon + 0.03),
        ]
    )
    surface = np.vstack([ground, [(right, bottom), (left, bottom)]])
    canvas.fill(surface, 196, shining=True)
    canvas.stroke(ground, 1.0)
    for _ in range(12):
        x, z = rng.uniform(-2.5, 2.5), rng.uniform(0.8, 6)
        radius = rng.uniform(0.1, 0.35)
        rim = stage.seen_from(ellipse(x, z + radius, radius, radius * 0.8 * z**0.5, steps=18))
        canvas.fill(rim, 150, shining=True)
        canvas.fill(rim + (0.006 / z, 0.010 / z), 214, shining=True)
        canvas.outline(rim, 0.7)


def _planet(stage: Stage, x: float, y: float, radius: float) -> None:
    canvas = stage.canvas
    disc = ellipse(x, y, radius, radius, steps=40)
    canvas.fill(disc, 235, shining=True)
    canvas.shade(
        ellipse(x + radius * 0.55, y + radius * 0.2, radius * 1.1, radius * 1.15), 110 / canvas.exposure, within=disc
    )
    for offset in (-0.5, -0.15, 0.2, 0.55):
        half = math.sqrt(1 - offset**2) * radius
        canvas.stroke(
            spline(
                [(x - half, y + offset * radius), (x, y + (offset + 0.12) * radius), (x + half, y + offset * radius)]
            ),
            0.7,
            pressure=150,
        )
    canvas.outline(disc, 1.0)
    ring = ellipse(x, y, radius * 1.75, radius * 0.32, start=-18, end=198, steps=40)
    canvas.chalk(ring, 2.6, 230)
