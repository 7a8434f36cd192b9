"""Looking straight down and straight up: the ground as a plan, the world around the zenith."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.geometry import Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.light import Light
from generation.providers.drawing.stage import Stage, draw_clouds, draw_moon

#: Where nothing stands around to lean into the view.
_BARE = {"desert", "open-sea", "sea", "space"}
_INTERIORS = {"room", "kitchen", "office", "bar", "corridor", "train", "stairs", "window"}


def draw_plan(stage: Stage, setting: str, scale: float) -> None:
    """`scale` 1 is an aerial view; larger is nearer the ground."""
    left, top, right, bottom = stage.canvas.sheet.extent
    stage.canvas.fill(polygon_box(left, top, right, bottom), stage.light.ground, shining=True)
    if setting in _INTERIORS and scale > 1:
        _floor(stage)
    elif setting in _INTERIORS or setting in ("city", "road"):
        _town(stage, scale)
    elif setting == "sea":
        _coast(stage, scale)
    elif setting in ("forest", "mountain"):
        _treetops(stage, scale)
    elif setting in ("desert", "space"):
        _dunes(stage, setting, scale)
    else:
        _patchwork(stage, scale)


def _town(stage: Stage, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), stage.light.ground * 0.82, shining=True)
    pitch = 0.30 * scale
    lane = 0.075 * scale
    middle = np.array([stage.aspect / 2, 0.5])
    reach = range(-8, 9)
    for row in reach:
        for column in reach:
            corner = middle + (column * pitch * 1.25 + lane / 2, row * pitch + lane / 2)
            wide, high = pitch * 1.25 - lane, pitch - lane
            if corner[0] > right or corner[1] > bottom or corner[0] + wide < left or corner[1] + high < top:
                continue
            block = polygon_box(corner[0], corner[1], corner[0] + wide, corner[1] + high)
            canvas.fill(block, min(stage.light.ground + 10, 255), shining=True)
            canvas.outline(block, 0.7, pressure=160)
            _roofs(stage, corner, wide, high)
    for index in reach:
        x, y = middle[0] + index * pitch * 1.25, middle[1] + index * pitch
        canvas.lines(
            [array([(x, t), (x, t + 0.025 * scale)]) for t in np.arange(top, bottom, 0.055 * scale)], 0.8, pressure=120
        )
        canvas.lines(
            [array([(t, y), (t + 0.025 * scale, y)]) for t in np.arange(left, right, 0.055 * scale)], 0.8, pressure=120
        )
    for _ in range(10):
        along = rng.uniform(0.05, 0.95) * stage.aspect
        y = middle[1] + rng.choice((-1, 0, 1)) * pitch + lane * rng.choice((-0.25, 0.25))
        car = spline(
            [
                (along - 0.02 * scale, y - 0.008 * scale),
                (along + 0.02 * scale, y - 0.008 * scale),
                (along + 0.02 * scale, y + 0.008 * scale),
                (along - 0.02 * scale, y + 0.008 * scale),
            ],
            closed=True,
        )
        canvas.shape(car, rng.choice((90, 170, 240)), 0.8)


def _roofs(stage: Stage, corner: Points, wide: float, high: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    x0, y0 = corner
    cut = rng.uniform(0.35, 0.65)
    lots = [(0.05, 0.08, cut - 0.03, 0.92), (cut + 0.03, 0.08, 0.95, 0.92)]
    if rng.random() < 0.5:
        lots[0:1] = [(0.05, 0.08, cut - 0.03, 0.46), (0.05, 0.54, cut - 0.03, 0.92)]
    for a, b, c, d in lots:
        roof = polygon_box(x0 + a * wide, y0 + b * high, x0 + c * wide, y0 + d * high)
        if rng.random() < 0.14:
            centre, radius = roof.mean(axis=0), float(np.ptp(roof[:, 1])) * 0.24
            for dx in (-0.6, 0.5):
                _crown(stage, centre[0] + dx * radius, centre[1], radius)
            continue
        tall = rng.uniform(0.05, 0.16) * high
        canvas.shade(roof + (tall, tall), 150)
        canvas.shape(roof, rng.choice((250, 232, 206, 180)), 0.9)
        if rng.random() < 0.5:
            ridge = (roof[0] + roof[3]) / 2, (roof[1] + roof[2]) / 2
            canvas.stroke(ridge, 0.7)
            canvas.hatch([ridge[0], ridge[1], roof[2], roof[3]], 90, 0.008 + 0.03 * high, pressure=110)
        else:
            inner = roof.mean(axis=0) + (roof - roof.mean(axis=0)) * 0.84
            canvas.outline(inner, 0.5, pressure=150)
            spot = roof.mean(axis=0)
            canvas.shape(polygon_box(spot[0], spot[1], spot[0] + wide * 0.06, spot[1] + high * 0.1), 190, 0.7)


def _crown(stage: Stage, x: float, y: float, radius: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    rim = spline(
        [
            (x + math.cos(a) * radius * rng.uniform(0.82, 1.12), y + math.sin(a) * radius * rng.uniform(0.82, 1.12))
            for a in np.linspace(0, 2 * math.pi, 10, endpoint=False)
        ],
        closed=True,
        steps=3,
    )
    canvas.shade(rim + (radius * 0.4, radius * 0.4), 150)
    canvas.fill(rim, 206)
    canvas.shade(rim + (radius * 0.35, radius * 0.4), 158, within=rim)
    canvas.outline(rim, 0.8, wobble=2)


def _treetops(stage: Stage, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    path = spline(
        [
            (left, 0.75),
            (stage.aspect * 0.25, 0.62),
            (stage.aspect * 0.5, 0.52),
            (stage.aspect * 0.75, 0.38),
            (right, 0.2),
        ]
    )
    half = 0.05 * scale
    canvas.fill(np.vstack([path - (0, half), path[::-1] + (0, half)]), min(stage.light.ground + 14, 255), shining=True)
    canvas.stroke(path - (0, half), 0.8, pressure=170)
    canvas.stroke(path + (0, half), 0.8, pressure=170)
    for _ in range(int(150 / scale**1.3)):
        x, y = rng.uniform(left, right), rng.uniform(top, bottom)
        on_path = float(np.interp(x, path[:, 0], path[:, 1]))
        radius = rng.uniform(0.028, 0.055) * scale
        if abs(y - on_path) > half + radius * 1.15:
            _crown(stage, x, y, radius)


def _coast(stage: Stage, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), 184)
    shore = spline(
        [
            (left, bottom),
            (stage.aspect * 0.12, 0.8),
            (stage.aspect * 0.42, 0.70),
            (stage.aspect * 0.52, 0.5),
            (stage.aspect * 0.68, 0.42),
            (stage.aspect * 0.78, 0.2),
            (right, top),
        ]
    )
    for offset, tone in ((0.12, 202), (0.07, 222), (0.035, 255)):
        canvas.fill(np.vstack([shore - (offset, offset * 0.8), [(right, top), (right, bottom)]]), tone)
        canvas.stroke(shore - (offset, offset * 0.8), 0.6, pressure=120, wobble=3)
    canvas.fill(np.vstack([shore, [(right, bottom)]]), stage.light.ground, shining=True)
    canvas.stroke(shore, 1.0, wobble=2)
    for _ in range(40):
        x, y = rng.uniform(left, right), rng.uniform(top, bottom)
        near_shore = float(np.interp(x, shore[:, 0], shore[:, 1]))
        if y < near_shore - 0.2:
            canvas.stroke(
                spline([(x, y), (x + 0.02, y - 0.008), (x + 0.04, y + 0.002), (x + 0.06, y - 0.004)]), 0.7, pressure=140
            )
        elif y > near_shore + 0.12:
            _crown(stage, x, y, rng.uniform(0.015, 0.03) * scale)


def _dunes(stage: Stage, setting: str, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    if setting == "desert":
        for y in np.arange(top, bottom + 0.2, 0.09 * scale):
            phase = rng.uniform(0, 6)
            xs = np.linspace(left, right, 26)
            crest = np.column_stack([xs, y + 0.03 * scale * np.sin(xs * 5 / scale + phase)])
            canvas.shade(np.vstack([crest, crest[::-1] + (0, 0.022 * scale)]), 198)
            canvas.stroke(crest, 0.8)
        return
    for _ in range(26):
        x, y, radius = rng.uniform(left, right), rng.uniform(top, bottom), rng.uniform(0.015, 0.09) * scale
        rim = ellipse(x, y, radius, radius)
        canvas.fill(rim, 176)
        canvas.fill(ellipse(x + radius * 0.14, y + radius * 0.14, radius * 0.86, radius * 0.86), 222)
        canvas.outline(rim, 0.8)


def _patchwork(stage: Stage, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    xs = np.arange(left - 0.2, right + 0.5, 0.42 * scale)
    ys = np.arange(top - 0.2, bottom + 0.4, 0.30 * scale)
    knots = {
        (i, j): (x + rng.uniform(-0.06, 0.06) * scale, y + rng.uniform(-0.05, 0.05) * scale)
        for i, x in enumerate(xs)
        for j, y in enumerate(ys)
    }
    for i in range(len(xs) - 1):
        for j in range(len(ys) - 1):
            plot = array([knots[i, j], knots[i + 1, j], knots[i + 1, j + 1], knots[i, j + 1]])
            canvas.shape(plot, rng.choice((252, 238, 222, 206)), 0.8)
            kind = rng.random()
            if kind < 0.6:
                canvas.hatch(plot, rng.choice((0, 20, 75, 90)), rng.choice((0.014, 0.02, 0.028)) * scale, pressure=100)
            elif kind < 0.8:
                for _ in range(5):
                    spot = plot.mean(axis=0) + (rng.uniform(-0.12, 0.12) * scale, rng.uniform(-0.08, 0.08) * scale)
                    _crown(stage, spot[0], spot[1], 0.022 * scale)
    road = spline(
        [(left, 0.3), (stage.aspect * 0.3, 0.42), (stage.aspect * 0.55, 0.5), (stage.aspect * 0.8, 0.66), (right, 0.7)]
    )
    half = 0.022 * scale
    canvas.fill(np.vstack([road - (0, half), road[::-1] + (0, half)]), 255, shining=not stage.light.dark)
    canvas.stroke(road - (0, half), 1.0)
    canvas.stroke(road + (0, half), 1.0)


def _floor(stage: Stage) -> None:
    canvas = stage.canvas
    left, top, right, bottom = canvas.sheet.extent
    canvas.lines([array([(left, y), (right, y)]) for y in np.arange(top, bottom, 0.07)], 0.6, pressure=110)
    canvas.lines(
        [
            array([(x, y), (x, y + 0.07)])
            for row, y in enumerate(np.arange(top, bottom, 0.07))
            for x in np.arange(left + 0.2 * (row % 3), right, 0.62)
        ],
        0.6,
        pressure=110,
    )
    middle = stage.aspect / 2
    rug = polygon_box(middle - 0.46, 0.2, middle + 0.46, 0.86)
    canvas.shape(rug, 200, 1.0)
    canvas.outline(rug.mean(axis=0) + (rug - rug.mean(axis=0)) * 0.9, 0.7)
    for side, wide in ((-1, 0.17), (1, 0.2)):
        x = middle + side * 0.66
        sofa = polygon_box(x - wide, 0.18, x + wide, 0.82)
        canvas.shade(sofa + (0.02, 0.02), 150)
        canvas.shape(sofa, 170, 1.1)
        for row in (0.22, 0.42, 0.62):
            cushion = polygon_box(x - wide * 0.75, row, x + wide * 0.75, row + 0.16)
            canvas.shape(cushion, 208, 0.8)
    table = ellipse(middle + 0.25, 0.24, 0.12, 0.12)
    canvas.shade(table + (0.02, 0.025), 140)
    canvas.shape(table, 240, 1.0)
    canvas.shape(ellipse(middle + 0.22, 0.22, 0.03, 0.03), 150, 0.8)


def draw_zenith(stage: Stage, setting: str) -> None:
    """The ground's view of the sky, with whatever stands around leaning into it."""
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), light.sky_low, shining=True)
    canvas.gradient(top, bottom, light.sky_high, light.sky_low)
    if light.moon:
        draw_moon(stage)
    draw_clouds(stage)
    if setting in _BARE:
        return
    zenith = np.array([stage.aspect / 2, 0.30])
    blocks = setting in _INTERIORS or setting in ("city", "road", "train")
    count = 13 if blocks else 17
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False) + rng.uniform(0, 0.4)
    for angle in sorted(angles, key=lambda a: math.sin(a)):
        ray = np.array([math.cos(angle), math.sin(angle)])
        across = np.array([-ray[1], ray[0]])
        reach = rng.uniform(0.36, 0.52) * (stage.aspect if abs(ray[0]) > 0.6 else 1)
        if blocks:
            _tower(stage, zenith, ray, across, reach, light)
        else:
            _leaning_tree(stage, zenith, ray, across, reach * 0.8)


def _tower(stage: Stage, zenith: Points, ray: Points, across: Points, reach: float, light: Light) -> None:
    canvas, rng = stage.canvas, stage.rng
    centre, out, side = zenith, ray, across
    near, half = 2.4, rng.uniform(0.11, 0.16) * reach / 0.4
    far_left, far_right = centre + out * reach - side * half, centre + out * reach + side * half
    grow = near / reach
    near_right, near_left = centre + (far_right - centre) * grow, centre + (far_left - centre) * grow
    tone = 214 if out[0] < 0 else 186
    face = array([far_left, far_right, near_right, near_left])
    canvas.shape(face, tone, 1.1)
    rows = [1.06 * 1.13**step for step in range(12)]
    for column in range(3):
        for row in rows:
            a = far_left + (far_right - far_left) * (column / 3 + 0.08)
            b = far_left + (far_right - far_left) * (column / 3 + 0.25)
            window = array(
                [
                    centre + (a - centre) * row,
                    centre + (b - centre) * row,
                    centre + (b - centre) * row * 1.07,
                    centre + (a - centre) * row * 1.07,
                ]
            )
            lit = light.dark and rng.random() < 0.4
            canvas.fill(window, 250 if lit else tone * 0.62, shining=lit)
            canvas.lines([np.vstack([window, window[:1]])], 0.5, pressure=170)


def _leaning_tree(stage: Stage, zenith: Points, ray: Points, across: Points, reach: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    centre, out, side = zenith, ray, across
    tip, root = centre + out * reach, centre + out * 2.0
    trunk = array([tip - side * 0.008, tip + side * 0.008, root + side * 0.10, root - side * 0.10])
    canvas.fill(trunk, 135)
    canvas.stroke([tip - side * 0.008, root - side * 0.10], 1.0)
    canvas.stroke([tip + side * 0.008, root + side * 0.10], 1.0)
    for _ in range(4):
        at = centre + out * reach * rng.uniform(0.85, 1.6) + side * rng.uniform(-0.12, 0.12)
        _crown(stage, at[0], at[1], rng.uniform(0.05, 0.085))
