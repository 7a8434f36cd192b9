"""Buildings and other things that stand, front on: feet on (x, y), `size` their height."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.figures import HEADS_TALL, draw_person
from generation.providers.drawing.geometry import array, ellipse, polygon_box, spline
from generation.providers.drawing.landscapes import draw_tree
from generation.providers.drawing.people import Person
from generation.providers.drawing.stage import Stage
from generation.providers.drawing.vocabulary import Traits


def _weight(size: float) -> float:
    return float(np.interp(size, (0.05, 0.3, 1.0), (0.45, 0.9, 1.4)))


def draw_lighthouse(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight, lit = Placement(x, y, size, facing), _weight(size), stage.light.dark
    left = spline([(-0.135, 0.0), (-0.105, -0.22), (-0.085, -0.50), (-0.075, -0.745)])
    right = left[::-1] * (-1, 1)
    foot = ellipse(0, 0, 0.135, 0.03, start=0, end=180, steps=10)
    body = place(np.vstack([left, right, foot[1:-1]]))
    canvas.fill(body, 254)
    for shift, tone in ((0.10, 222), (0.155, 190)):
        canvas.shade(body + (shift * size, 0), tone, within=body)
    canvas.outline(body, weight)
    for course in (-0.2, -0.4, -0.6):
        half = float(np.interp(course, (-0.745, -0.5, -0.22, 0), (0.075, 0.085, 0.105, 0.135)))
        canvas.stroke(place(ellipse(0, course, half, 0.022, start=20, end=160, steps=9)), weight * 0.5, pressure=110)
    door = [(-0.03, 0.028), (-0.03, -0.055), (0.0, -0.085), (0.03, -0.055), (0.03, 0.028)]
    canvas.shape(place(spline(door, steps=3)), 70, weight * 0.7)
    for wx, wy in ((-0.015, -0.24), (0.02, -0.43), (-0.012, -0.60)):
        pane = place(polygon_box(wx - 0.012, wy - 0.022, wx + 0.012, wy + 0.022))
        canvas.fill(pane, 250 if lit else 80, shining=lit)
        canvas.outline(pane, weight * 0.6)
    canvas.shape(place([(-0.075, -0.745), (-0.115, -0.775), (0.115, -0.775), (0.075, -0.745)]), 150, weight)
    glass = place(polygon_box(-0.058, -0.895, 0.058, -0.775))
    canvas.fill(glass, 255 if lit else 168, shining=lit)
    canvas.outline(glass, weight)
    if not lit:
        canvas.shade(place(polygon_box(-0.02, -0.87, 0.025, -0.775)), 110)
    for gx in (-0.03, 0.0, 0.03):
        canvas.stroke(place([(gx, -0.895), (gx, -0.775)]), weight * 0.5, pressure=190)
    dome = place(spline([(-0.072, -0.892), (-0.055, -0.935), (0.0, -0.968), (0.055, -0.935), (0.072, -0.892)]))
    canvas.shape(dome, 90, weight)
    canvas.stroke(place([(0, -0.962), (0, -1.01)]), weight)
    canvas.stroke(place([(-0.115, -0.822), (0.115, -0.822)]), weight * 0.7)
    for rail in np.linspace(-0.115, 0.115, 9):
        canvas.stroke(place([(rail, -0.822), (rail, -0.775)]), weight * 0.45)
    if lit:
        canvas.glow(place([(0, -0.835)])[0], 0.20 * size, 0.9)


def draw_rock(stage: Stage, canvas: Canvas, x: float, y: float, size: float) -> None:
    """What a lighthouse stands on out at sea, with the swell breaking round it; `size` is the lighthouse's height."""
    place = Placement(x, y, size)
    waterline = 0.20
    outline = [
        (-0.62, waterline), (-0.54, 0.12), (-0.44, 0.13), (-0.34, 0.03), (-0.24, 0.045), (-0.17, -0.01), (0.16, -0.012),
        (0.23, 0.04), (0.31, 0.03), (0.40, 0.10), (0.50, 0.11), (0.60, waterline), (0.35, 0.25), (0.0, 0.265), (-0.36, 0.25),
    ]  # fmt: skip
    rock = place(outline)
    weight = _weight(size)
    canvas.fill(rock, 150)
    lit_sides = (
        [(-0.54, 0.12), (-0.44, 0.13), (-0.40, 0.22), (-0.58, 0.20)],
        [(-0.34, 0.03), (-0.24, 0.045), (-0.22, 0.16), (-0.36, 0.20)],
        [(-0.17, -0.01), (0.16, -0.012), (0.10, 0.05), (-0.12, 0.06)],
        [(0.23, 0.04), (0.31, 0.03), (0.33, 0.12), (0.20, 0.15)],
    )
    for side in lit_sides:
        canvas.fill(place(side), 206)
    canvas.shade(place([(0.05, 0.04), (0.30, 0.13), (0.60, 0.2), (0.35, 0.25), (0.0, 0.265)]), 105, within=rock)
    canvas.hatch(place([(0.16, 0.04), (0.40, 0.11), (0.55, 0.20), (0.1, 0.25)]), 62, 0.024 * size, pressure=150)
    for crack in (
        [(-0.12, 0.06), (-0.16, 0.14), (-0.10, 0.25)],
        [(0.10, 0.05), (0.06, 0.15), (0.12, 0.25)],
        [(-0.36, 0.20), (-0.30, 0.10), (-0.34, 0.03)],
        [(0.33, 0.12), (0.37, 0.20)],
    ):
        canvas.stroke(place(crack), weight * 0.8)
    canvas.outline(rock, weight * 1.1)
    _draw_surf(canvas, place, waterline)


def _draw_surf(canvas: Canvas, place: Placement, waterline: float) -> None:
    rng, size = canvas.random, place.size
    for side in (-1, 1):
        for at, high in ((0.60, 0.15), (0.50, 0.20), (0.42, 0.11)):
            at, high = side * at, high * rng.uniform(0.8, 1.25)
            plume = spline(
                [
                    (at - side * 0.09, waterline + 0.04),
                    (at - side * 0.05, waterline - high * 0.35),
                    (at - side * 0.01, waterline - high * 0.55),
                    (at + side * 0.03, waterline - high),
                    (at + side * 0.05, waterline - high * 0.5),
                    (at + side * 0.09, waterline - high * 0.25),
                    (at + side * 0.10, waterline + 0.04),
                ],
                steps=4,
            )
            canvas.fill(place(plume), 250, shining=True)
            canvas.stroke(place(plume[5:-5]), 0.6, pressure=120, wobble=2)
            for _ in range(6):
                drop = at + rng.uniform(-0.08, 0.08), waterline - high * rng.uniform(0.7, 1.35)
                dot = rng.uniform(0.003, 0.008)
                canvas.fill(place(ellipse(*drop, dot, dot, steps=6)), 255, shining=True)
    rim = ellipse(0, waterline + 0.02, 0.70, 0.085, start=-5, end=185, steps=30)
    ragged = rim + [(rng.uniform(-0.01, 0.01), rng.uniform(-0.014, 0.014)) for _ in rim]
    inner = ellipse(0, waterline + 0.005, 0.60, 0.055, start=185, end=-5, steps=20)
    canvas.fill(place(np.vstack([ragged, inner])), 250, shining=True)
    canvas.stroke(place(ragged), 0.8, pressure=150, wobble=2)
    for radius in (0.80, 0.92):
        arc = ellipse(0, waterline + 0.035, radius, radius * 0.14, start=15, end=165, steps=22)
        for start in (0, 8, 15):
            canvas.chalk(place(arc[start : start + 6]), 1.6 * size + 0.5, wobble=2)


def draw_tower(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    wall = place([(-0.17, 0), (-0.14, -0.80), (0.14, -0.80), (0.17, 0)])
    _draw_stone(canvas, place, wall, weight)
    head = [(-0.19, -0.80), (-0.19, -1.0)]
    for step in range(5):
        left = -0.19 + step * 0.084
        head += [(left, -1.0), (left + 0.044, -1.0), (left + 0.044, -0.94), (left + 0.084, -0.94)]
    head = [point for point in head if point[0] < 0.2] + [(0.19, -0.94), (0.19, -0.80)]
    canvas.shape(place(head), 196, weight)
    canvas.shade(place([(-0.14, -0.80), (0.14, -0.80), (0.14, -0.76), (-0.14, -0.76)]), 120)
    for wy in (-0.62, -0.38):
        _draw_arch(stage, canvas, place, 0.0, wy, 0.026, 0.09)
    _draw_arch(stage, canvas, place, 0.0, 0.0, 0.06, 0.16)


def draw_castle(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    for tx, half, high in ((-0.30, 0.09, 0.74), (0.22, 0.12, 0.86)):
        turret = place(polygon_box(tx - half, -high, tx + half, 0))
        _draw_stone(canvas, place, turret, weight)
        roof = place([(tx - half * 1.25, -high), (tx, -high - 0.22), (tx + half * 1.25, -high)])
        canvas.shape(roof, 105, weight)
        canvas.hatch(roof, 70, 0.03 * size, pressure=130)
        _draw_arch(stage, canvas, place, tx, -high + 0.22, 0.02, 0.09)
    wall = [(-0.62, 0), (-0.62, -0.38)]
    for step in range(12):
        left = -0.62 + step * 0.1033
        wall += [(left, -0.38), (left + 0.055, -0.38), (left + 0.055, -0.33), (left + 0.1033, -0.33)]
    _draw_stone(canvas, place, place([*wall, (0.62, -0.33), (0.62, 0)]), weight)
    for tx in (-0.62, 0.62):
        _draw_stone(canvas, place, place(polygon_box(tx - 0.12, -0.56, tx + 0.12, 0)), weight)
        canvas.shape(place([(tx - 0.15, -0.56), (tx, -0.80), (tx + 0.15, -0.56)]), 105, weight)
        _draw_arch(stage, canvas, place, tx, -0.36, 0.02, 0.08)
    _draw_arch(stage, canvas, place, -0.04, 0.0, 0.10, 0.26)
    for flag in (-0.30, 0.22):
        top = -0.96 if flag < 0 else -1.08
        canvas.stroke(place([(flag, top), (flag, top - 0.10)]), weight)
        canvas.shape(place([(flag, top - 0.10), (flag + 0.10, top - 0.075), (flag, top - 0.05)]), 120, weight * 0.7)


def _draw_stone(canvas: Canvas, place: Placement, wall: np.ndarray, weight: float) -> None:
    canvas.fill(wall, 222)
    wide = float(np.ptp(wall[:, 0]))
    canvas.shade(wall + (wide * 0.62, 0), 170, within=wall)
    canvas.outline(wall, weight)
    low, high = wall.min(axis=0), wall.max(axis=0)
    bricks = []
    for _ in range(int(10 + 26 * wide / place.size)):
        bx, by = (
            canvas.random.uniform(low[0] + wide * 0.1, high[0] - wide * 0.2),
            canvas.random.uniform(low[1], high[1]),
        )
        by = max(by, low[1] + 0.09 * place.size)
        bricks.append(
            array([(bx, by), (bx + 0.03 * place.size, by), (bx + 0.03 * place.size, by + 0.014 * place.size)])
        )
    canvas.lines(bricks, 0.5, pressure=130)


def _draw_arch(stage: Stage, canvas: Canvas, place: Placement, x: float, foot: float, half: float, high: float) -> None:
    arch = np.vstack(
        [
            [(x - half, foot)],
            ellipse(x, foot - high + half, half, half, start=180, end=360, steps=9),
            [(x + half, foot)],
        ]
    )
    lit = stage.light.dark and foot < 0
    canvas.fill(place(arch), 248 if lit else 66, shining=lit)
    canvas.outline(place(arch), _weight(place.size) * 0.7)


def draw_house(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    canvas.shape(place([(0.30, -0.72), (0.30, -1.0), (0.42, -1.0), (0.42, -0.66)]), 150, weight)
    gable = place([(-0.62, 0), (-0.62, -0.50), (-0.32, -0.88), (-0.02, -0.50), (-0.02, 0)])
    side = place([(-0.02, 0), (-0.02, -0.50), (0.80, -0.46), (0.80, -0.02)])
    roof = place([(-0.32, -0.88), (-0.06, -0.46), (0.86, -0.43), (0.58, -0.82)])
    canvas.shape(side, 196, weight)
    canvas.shape(gable, 244, weight)
    canvas.shape(roof, 118, weight)
    canvas.hatch(roof, 4, 0.045 * size, pressure=120)
    canvas.stroke(place([(-0.66, -0.45), (-0.32, -0.89), (-0.30, -0.84)]), weight * 2.0)
    canvas.shape(place(polygon_box(-0.39, -0.36, -0.24, 0)), 95, weight * 0.9)
    for box in ((-0.40, -0.66, -0.24, -0.50), (0.12, -0.34, 0.30, -0.15), (0.48, -0.33, 0.65, -0.14)):
        _draw_panes(stage, canvas, place, box)
    if stage.light.dark:
        canvas.glow(place([(0.2, -0.24)])[0], 0.3 * size, 0.35)
    smoke = spline([(0.36, -1.02), (0.40, -1.10), (0.34, -1.18), (0.44, -1.28), (0.40, -1.38)])
    canvas.stroke(place(smoke), 1.2, pressure=110, wobble=2)


def _draw_panes(stage: Stage, canvas: Canvas, place: Placement, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    lit = stage.light.dark
    weight = _weight(place.size)
    canvas.fill(place(polygon_box(*box)), 252 if lit else 120, shining=lit)
    canvas.outline(place(polygon_box(*box)), weight * 0.8)
    middle, across = (left + right) / 2, (top + bottom) / 2
    canvas.stroke(place([(middle, top), (middle, bottom)]), weight * 0.6)
    canvas.stroke(place([(left, across), (right, across)]), weight * 0.6)


def draw_church(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    nave = place([(-0.02, 0), (-0.02, -0.34), (0.66, -0.34), (0.66, 0)])
    canvas.shape(nave, 206, weight)
    roof = place([(-0.02, -0.34), (0.06, -0.54), (0.60, -0.54), (0.70, -0.34)])
    canvas.shape(roof, 112, weight)
    canvas.hatch(roof, 80, 0.035 * size, pressure=120)
    for wx in (0.16, 0.34, 0.52):
        _draw_arch(stage, canvas, place, wx, -0.06, 0.035, 0.20)
    _draw_stone(canvas, place, place(polygon_box(-0.26, -0.56, 0.0, 0)), weight)
    spire = place([(-0.29, -0.56), (-0.13, -0.92), (0.03, -0.56)])
    canvas.shape(spire, 105, weight)
    canvas.shade(place([(-0.13, -0.92), (0.03, -0.56), (-0.10, -0.56)]), 76)
    canvas.stroke(place([(-0.13, -0.92), (-0.13, -1.02)]), weight * 1.3)
    canvas.stroke(place([(-0.165, -0.985), (-0.095, -0.985)]), weight * 1.3)
    canvas.shape(place(ellipse(-0.13, -0.46, 0.045, 0.045)), 250, weight * 0.7)
    _draw_arch(stage, canvas, place, -0.13, 0.0, 0.055, 0.18)
    _draw_arch(stage, canvas, place, -0.13, -0.26, 0.022, 0.10)


def draw_skyscraper(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight, lit = Placement(x, y, size, facing), _weight(size), stage.light.dark
    front = place([(-0.20, 0), (-0.20, -0.94), (0.08, -0.94), (0.08, 0)])
    side = place([(0.08, 0), (0.08, -0.94), (0.21, -0.90), (0.21, -0.015)])
    canvas.shape(side, 150, weight)
    canvas.shape(front, 224, weight)
    for row in range(15):
        for column in range(5):
            wx, wy = -0.18 + 0.052 * column, -0.90 + 0.056 * row
            on = lit and canvas.random.random() < 0.45
            canvas.fill(place(polygon_box(wx, wy, wx + 0.034, wy + 0.034)), 250 if on else 130, shining=on)
    canvas.lines([place([(0.08, -0.9 + 0.056 * row), (0.21, -0.864 + 0.0535 * row)]) for row in range(15)], 0.5)
    canvas.shape(place(polygon_box(-0.12, -0.99, 0.0, -0.94)), 180, weight * 0.8)
    canvas.stroke(place([(-0.06, -0.99), (-0.06, -1.06)]), weight)


def draw_windmill(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    _draw_stone(canvas, place, place([(-0.20, 0), (-0.11, -0.66), (0.11, -0.66), (0.20, 0)]), weight)
    canvas.shape(
        place(spline([(-0.13, -0.66), (-0.09, -0.76), (0.0, -0.80), (0.09, -0.76), (0.13, -0.66)])), 105, weight
    )
    _draw_arch(stage, canvas, place, 0.0, 0.0, 0.05, 0.15)
    _draw_arch(stage, canvas, place, 0.0, -0.36, 0.025, 0.07)
    hub = np.array([0.0, -0.68])
    for quarter in range(4):
        angle = 0.5 + quarter * math.pi / 2
        ray, across = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        sail = place(
            [hub + ray * 0.08, hub + ray * 0.44, hub + ray * 0.44 + across * 0.09, hub + ray * 0.08 + across * 0.09]
        )
        canvas.shape(sail, 240, weight * 0.8)
        canvas.hatch(sail, math.degrees(angle), 0.03 * size, pressure=130)
        canvas.stroke(place([hub, hub + ray * 0.46]), weight * 1.4)
    canvas.fill(place(ellipse(0.0, -0.68, 0.02, 0.02)), 60)


def draw_statue(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight = Placement(x, y, size, facing), _weight(size)
    _draw_stone(canvas, place, place(polygon_box(-0.17, -0.30, 0.17, 0)), weight)
    canvas.shape(place(polygon_box(-0.21, -0.05, 0.21, 0)), 200, weight)
    canvas.shape(place(polygon_box(-0.20, -0.34, 0.20, -0.29)), 212, weight)
    figure = Person("grey-short", "robe", "reach", facing, -0.5, 1.05, Traits())
    head = 0.66 * size / HEADS_TALL
    draw_person(canvas, figure, x, y - size, head)


def draw_lamp_post(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place, weight, lit = Placement(x, y, size, facing), _weight(size), stage.light.dark
    canvas.shape(place([(-0.06, 0), (-0.035, -0.10), (0.035, -0.10), (0.06, 0)]), 70, weight)
    canvas.shape(place([(-0.016, -0.10), (-0.011, -0.80), (0.011, -0.80), (0.016, -0.10)]), 70, weight)
    canvas.stroke(place([(-0.07, -0.74), (0.07, -0.74)]), weight * 1.5)
    glass = place([(-0.04, -0.80), (-0.065, -0.94), (0.065, -0.94), (0.04, -0.80)])
    canvas.fill(glass, 255, shining=lit)
    canvas.outline(glass, weight)
    canvas.shape(place([(-0.08, -0.94), (0.0, -1.0), (0.08, -0.94)]), 60, weight)
    if lit:
        canvas.glow(place([(0, -0.87)])[0], 0.3 * size, 0.9)


def draw_lone_tree(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    draw_tree(stage.on(canvas), x, y, size)
