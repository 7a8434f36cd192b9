"""Fields, woods and mountains in perspective."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.geometry import array, spline
from generation.providers.drawing.stage import Stage


def draw_forest(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    for row, (tone, high) in enumerate(((226, 0.30), (204, 0.22))):
        x, crest = left, []
        while x < right + 0.1:
            crest.append((x, stage.horizon - high * rng.uniform(0.6, 1.1)))
            x += rng.uniform(0.035, 0.09)
        line = spline(crest, steps=4)
        canvas.fill(np.vstack([line, [(right + 0.1, stage.horizon + 0.02), (left, stage.horizon + 0.02)]]), tone)
        canvas.stroke(line, 0.5, pressure=100 + 20 * row, wobble=2.5)
    path = stage.seen_from(
        [(-0.25, 30), (0.15, 30), (0.2, 4), (0.75, 1.5), (0.9, 0.5), (-0.7, 0.5), (-0.2, 1.5), (-0.2, 4)]
    )
    canvas.fill(path, min(stage.light.ground + 14, 255), shining=True)
    canvas.stroke(path[1:5], 0.7, pressure=150)
    canvas.stroke(path[5:], 0.7, pressure=150)
    for depth in sorted((rng.uniform(1.1, 7) for _ in range(16)), reverse=True):
        side = rng.choice((-1, 1))
        x = side * rng.uniform(0.75, 1.0 + 0.42 * depth)
        _trunk(stage, x, depth)
    draw_grass(stage, 60)


def _trunk(stage: Stage, x: float, z: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    foot = stage.seen_from([(x, z)])[0]
    wide = rng.uniform(0.055, 0.09) * 1.5 / z
    _, top, _, _ = canvas.sheet.extent
    lean = rng.uniform(-0.03, 0.03)
    left_side = spline(
        [
            foot + (-wide * 1.1, 0.012 / z),
            foot + (-wide * 0.55, -0.06 / z),
            (foot[0] - wide * 0.42 + lean, foot[1] * 0.4),
            (foot[0] - wide * 0.3 + lean * 2, top),
        ]
    )
    right_side = spline(
        [
            foot + (wide * 1.1, 0.012 / z),
            foot + (wide * 0.55, -0.06 / z),
            (foot[0] + wide * 0.42 + lean, foot[1] * 0.4),
            (foot[0] + wide * 0.3 + lean * 2, top),
        ]
    )
    tone = float(np.interp(z, (1, 7), (120, 215)))
    bark = np.vstack([left_side, right_side[::-1]])
    weight = float(np.interp(z, (1, 7), (1.2, 0.55)))
    canvas.fill(bark, tone)
    canvas.shade(bark + (wide * 0.4, 0), tone * 0.76, within=bark)
    canvas.stroke(left_side, weight)
    canvas.stroke(right_side, weight)
    for _ in range(4 if z < 4 else 1):
        y = rng.uniform(top * 0.3, foot[1] - 0.1)
        canvas.stroke(
            [
                (foot[0] + rng.uniform(-0.2, 0.3) * wide + lean * 0.6, y),
                (foot[0] + rng.uniform(-0.2, 0.3) * wide + lean * 0.6, y + 0.11 / z),
            ],
            0.6,
            pressure=160,
        )
    branch_y = rng.uniform(0.05, max(0.12, stage.horizon * 0.6))
    side = rng.choice((-1, 1))
    canvas.stroke(
        spline(
            [
                (foot[0] + lean, branch_y + 0.05),
                (foot[0] + side * 0.12 / z, branch_y - 0.02),
                (foot[0] + side * 0.3 / z, branch_y - 0.09),
            ]
        ),
        weight * 1.6,
    )
    for _ in range(3 if z < 5 else 1):
        _leaf_cluster(
            stage,
            foot[0] + rng.uniform(-0.34, 0.34) / math.sqrt(z),
            rng.uniform(-0.06, 0.16),
            rng.uniform(0.07, 0.14) / math.sqrt(z) * 1.3,
            min(tone + 45, 232),
        )


def _leaf_cluster(stage: Stage, x: float, y: float, size: float, tone: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    lobes = [
        (x + math.cos(angle) * size * rng.uniform(0.8, 1.25), y + math.sin(angle) * size * rng.uniform(0.45, 0.75))
        for angle in np.linspace(0, 2 * math.pi, 11, endpoint=False)
    ]
    mass = spline(lobes, closed=True, steps=4)
    canvas.fill(mass, tone)
    canvas.shade(mass + (size * 0.1, size * 0.35), tone * 0.8, within=mass)
    for start in range(0, len(mass) - 6, 9):
        canvas.stroke(mass[start : start + 7] + (rng.uniform(-0.004, 0.004), 0), 0.75, pressure=190, wobble=2)


def draw_grass(stage: Stage, count: int) -> None:
    blades = []
    for _ in range(count):
        x, z = stage.rng.uniform(-2.4, 2.4), 0.75 + 6 * stage.rng.random() ** 2
        foot = stage.seen_from([(x, z)])[0]
        for lean in (-0.010, -0.002, 0.007):
            blades.append(array([foot, foot + (lean / z * 1.4, -0.03 / z)]))
    stage.canvas.lines(blades, 0.55, pressure=140)


def draw_field(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    for high, tone in ((0.15, 232), (0.09, 218), (0.04, 226)):
        phase, waves = rng.uniform(0, 6), rng.uniform(2.2, 4.0)
        xs = np.linspace(left, right, 22)
        hills = np.column_stack([xs, stage.horizon - high * (0.62 + 0.38 * np.sin(xs * waves + phase))])
        canvas.fill(np.vstack([hills, [(right, stage.horizon + 0.02), (left, stage.horizon + 0.02)]]), tone)
        canvas.stroke(hills, 0.7, pressure=150)
    path = stage.seen_from([(0.3, 40), (0.45, 40), (0.2, 6), (0.9, 1.6), (1.3, 0.5), (0.2, 0.5), (0.3, 1.6), (-0.1, 6)])
    canvas.fill(path, min(stage.light.ground + 14, 255), shining=True)
    canvas.stroke(spline(path[1:5]), 0.8, pressure=160)
    canvas.stroke(spline(path[5:]), 0.8, pressure=160)
    side = rng.choice((-1, 1))
    posts = stage.seen_from([(side * 1.35, z, h) for z in (9, 6, 4.2, 3, 2.1, 1.5, 1.05) for h in (0, 0.42)])
    for foot, top in zip(posts[0::2], posts[1::2], strict=True):
        canvas.stroke([foot, top], 2.2 * max(foot[1] - top[1], 0.03) / 0.15, taper=0.2)
    for height in (0.18, 0.36):
        canvas.stroke(stage.seen_from([(side * 1.35, z, height) for z in (9, 4.2, 2.1, 1.05)]), 0.9)
    draw_tree(stage, *stage.spot(-side * rng.uniform(1.6, 2.2), 2.7), rng.uniform(0.34, 0.46))
    draw_tree(stage, *stage.spot(side * rng.uniform(3.0, 5.5), 7), 0.16)
    draw_grass(stage, 70)


def draw_tree(stage: Stage, x: float, y: float, high: float) -> None:
    canvas = stage.canvas
    trunk = spline(
        [
            (x - high * 0.07, y),
            (x - high * 0.035, y - high * 0.3),
            (x - high * 0.03, y - high * 0.6),
            (x + high * 0.03, y - high * 0.6),
            (x + high * 0.04, y - high * 0.3),
            (x + high * 0.08, y),
        ]
    )
    canvas.shape(trunk, 130, 1.0)
    for dx, dy, size in ((-0.17, -0.60, 0.2), (0.18, -0.62, 0.19), (0.0, -0.78, 0.24), (0.02, -0.58, 0.17)):
        _leaf_cluster(stage, x + dx * high, y + dy * high, size * high, 196)


def draw_mountain(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    for high, tone, weight in ((0.44, 226, 0.7), (0.27, 206, 0.9)):
        x = left - 0.2
        while x < right:
            half, peak = rng.uniform(0.22, 0.40), min(high * rng.uniform(0.7, 1.1), stage.horizon * 0.86 + 0.06)
            _peak(stage, x + half, half, peak, tone, weight)
            x += half * rng.uniform(1.0, 1.4)
    for x in sorted((rng.uniform(left, right) for _ in range(26)), key=lambda _: rng.random()):
        _pine(stage, x, stage.horizon + rng.uniform(0.0, 0.05), rng.uniform(0.05, 0.12))
    draw_rocks(stage, 8)
    draw_grass(stage, 35)


def _peak(stage: Stage, x: float, half: float, high: float, tone: float, weight: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    base = stage.horizon + 0.015
    top = array([(x, base - high)])[0]
    left_edge = array(
        [
            (x - half, base),
            (x - half * 0.62, base - high * 0.34),
            (x - half * 0.36, base - high * 0.58),
            (x - half * 0.16, base - high * 0.86),
            top,
        ]
    )
    right_edge = array(
        [
            top,
            (x + half * 0.2, base - high * 0.74),
            (x + half * 0.42, base - high * 0.56),
            (x + half * 0.6, base - high * 0.26),
            (x + half, base),
        ]
    )
    ridge = array(
        [
            top,
            (x + half * 0.05, base - high * 0.75),
            (x - half * 0.06, base - high * 0.5),
            (x + half * 0.10, base - high * 0.25),
            (x, base),
        ]
    )
    canvas.fill(np.vstack([left_edge, right_edge]), min(tone + 22, 253))
    shadow = np.vstack([ridge, right_edge[::-1]])
    canvas.shade(shadow, tone * 0.84)
    snow = [
        top,
        (x + half * 0.16, base - high * 0.78),
        (x + half * 0.05, base - high * 0.70),
        (x - half * 0.04, base - high * 0.77),
        (x - half * 0.13, base - high * 0.68),
        (x - half * 0.2, base - high * 0.80),
    ]
    canvas.fill(snow, 255)
    canvas.hatch(shadow, 56, 0.02, pressure=95)
    canvas.stroke(left_edge, weight)
    canvas.stroke(right_edge, weight)
    canvas.stroke(ridge, weight * 0.7, pressure=170)
    for _ in range(3):
        at = rng.uniform(0.25, 0.7)
        start = (x - half * at * 0.8, base - high * (1 - at) * 0.85)
        canvas.stroke([start, (start[0] - half * 0.08, start[1] + high * 0.14)], 0.6, pressure=140)


def _pine(stage: Stage, x: float, y: float, high: float) -> None:
    steps = [
        (0.0, -1.0),
        (0.12, -0.72),
        (0.06, -0.72),
        (0.2, -0.42),
        (0.1, -0.42),
        (0.27, -0.08),
        (-0.27, -0.08),
        (-0.1, -0.42),
        (-0.2, -0.42),
        (-0.06, -0.72),
        (-0.12, -0.72),
    ]
    shape = array(steps) * high + (x, y)
    stage.canvas.shape(shape, 140, 0.7)
    stage.canvas.stroke([(x, y - high * 0.08), (x, y)], 1.2)


def draw_rocks(stage: Stage, count: int) -> None:
    for _ in range(count):
        x, z = stage.rng.uniform(-2.2, 2.2), stage.rng.uniform(0.9, 4)
        foot = stage.seen_from([(x, z)])[0]
        size = stage.rng.uniform(0.04, 0.09) / z
        rock = array([(-1, 0), (-0.8, -0.6), (-0.1, -0.95), (0.6, -0.7), (1.05, 0.0)]) * size + foot
        stage.canvas.shape(rock, 214, 0.9)
        stage.canvas.shade([rock[2], rock[3], rock[4], foot + (size * 0.1, 0)], 160, within=rock)
        stage.canvas.stroke([rock[2], foot + (size * 0.1, 0)], 0.6, pressure=170)
