"""Subjects other than people: animals and craft, side on, feet or keel on (x, y), `size` their height."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generation.providers.drawing import expanses, streets
from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import ellipse, spline, tube
from generation.providers.drawing.stage import Stage


@dataclass(frozen=True)
class Quadruped:
    """Outlines in body heights: y=0 the ground, y=-1 the top of the head, facing +x."""

    body: tuple[tuple[float, float], ...]
    head: tuple[tuple[float, float], ...]
    ears: tuple[tuple[tuple[float, float], ...], ...]
    tail: tuple[tuple[float, float], ...]
    tail_widths: tuple[float, ...]
    near_legs: tuple[tuple[tuple[float, float], ...], ...]
    far_legs: tuple[tuple[tuple[float, float], ...], ...]
    leg_widths: tuple[float, ...]
    eye: tuple[float, float]
    nose: tuple[float, float]
    focus: tuple[float, float]
    tone: float
    height_in_heads: float
    mane: tuple[tuple[float, float], ...] = ()


QUADRUPEDS: Mapping[str, Quadruped] = {
    "dog": Quadruped(
        body=(
            (-0.58, -0.66),
            (-0.30, -0.70),
            (0.10, -0.69),
            (0.30, -0.80),
            (0.44, -0.74),
            (0.44, -0.50),
            (0.30, -0.33),
            (0.0, -0.37),
            (-0.34, -0.42),
            (-0.60, -0.48),
        ),
        head=(
            (0.28, -0.80),
            (0.34, -0.97),
            (0.48, -1.0),
            (0.58, -0.93),
            (0.80, -0.86),
            (0.84, -0.79),
            (0.76, -0.72),
            (0.56, -0.70),
            (0.40, -0.64),
        ),
        ears=(((0.36, -0.96), (0.25, -0.92), (0.22, -0.72), (0.30, -0.66), (0.40, -0.80)),),
        tail=((-0.55, -0.62), (-0.72, -0.72), (-0.80, -0.90), (-0.74, -1.02)),
        tail_widths=(0.10, 0.09, 0.07, 0.02),
        near_legs=(
            ((0.30, -0.48), (0.30, -0.26), (0.27, -0.10), (0.29, -0.02)),
            ((-0.48, -0.55), (-0.42, -0.30), (-0.54, -0.16), (-0.50, -0.02)),
        ),
        far_legs=(
            ((0.38, -0.48), (0.44, -0.26), (0.42, -0.12), (0.46, -0.04)),
            ((-0.40, -0.5), (-0.28, -0.30), (-0.38, -0.16), (-0.32, -0.04)),
        ),
        leg_widths=(0.26, 0.15, 0.09, 0.10),
        eye=(0.55, -0.87),
        nose=(0.83, -0.83),
        focus=(0.5, -0.82),
        tone=188,
        height_in_heads=3.6,
    ),
    "cat": Quadruped(
        body=(
            (-0.62, -0.60),
            (-0.30, -0.66),
            (0.10, -0.62),
            (0.34, -0.70),
            (0.46, -0.60),
            (0.42, -0.40),
            (0.10, -0.30),
            (-0.30, -0.32),
            (-0.60, -0.40),
        ),
        head=(
            (0.30, -0.74),
            (0.34, -0.90),
            (0.50, -0.94),
            (0.66, -0.90),
            (0.72, -0.78),
            (0.68, -0.66),
            (0.52, -0.60),
            (0.36, -0.64),
        ),
        ears=(((0.33, -0.86), (0.33, -1.04), (0.46, -0.93)), ((0.54, -0.93), (0.64, -1.04), (0.67, -0.87))),
        tail=((-0.58, -0.52), (-0.80, -0.58), (-0.92, -0.80), (-0.82, -1.02), (-0.72, -1.04)),
        tail_widths=(0.09, 0.08, 0.08, 0.08, 0.03),
        near_legs=(
            ((0.30, -0.42), (0.32, -0.22), (0.28, -0.1), (0.32, -0.02)),
            ((-0.48, -0.46), (-0.42, -0.26), (-0.54, -0.13), (-0.48, -0.02)),
        ),
        far_legs=(
            ((0.38, -0.42), (0.46, -0.24), (0.46, -0.12), (0.50, -0.04)),
            ((-0.38, -0.42), (-0.26, -0.24), (-0.34, -0.13), (-0.28, -0.04)),
        ),
        leg_widths=(0.24, 0.13, 0.10, 0.11),
        eye=(0.60, -0.80),
        nose=(0.69, -0.72),
        focus=(0.51, -0.78),
        tone=205,
        height_in_heads=2.3,
    ),
    "horse": Quadruped(
        body=(
            (-0.46, -0.66),
            (-0.24, -0.69),
            (0.06, -0.66),
            (0.24, -0.78),
            (0.36, -0.94),
            (0.44, -0.92),
            (0.46, -0.76),
            (0.38, -0.58),
            (0.26, -0.44),
            (-0.05, -0.39),
            (-0.30, -0.43),
            (-0.48, -0.50),
        ),
        head=(
            (0.34, -0.94),
            (0.42, -1.0),
            (0.50, -0.97),
            (0.64, -0.83),
            (0.68, -0.77),
            (0.62, -0.72),
            (0.52, -0.78),
            (0.42, -0.82),
        ),
        ears=(((0.37, -0.97), (0.37, -1.08), (0.43, -0.99)),),
        tail=((-0.45, -0.64), (-0.56, -0.62), (-0.60, -0.44), (-0.57, -0.26)),
        tail_widths=(0.06, 0.10, 0.13, 0.03),
        near_legs=(
            ((0.22, -0.50), (0.22, -0.28), (0.20, -0.12), (0.22, -0.02)),
            ((-0.36, -0.52), (-0.32, -0.30), (-0.40, -0.16), (-0.38, -0.02)),
        ),
        far_legs=(
            ((0.30, -0.50), (0.38, -0.32), (0.34, -0.20), (0.30, -0.10)),
            ((-0.28, -0.5), (-0.20, -0.30), (-0.27, -0.16), (-0.22, -0.03)),
        ),
        leg_widths=(0.20, 0.09, 0.06, 0.085),
        eye=(0.50, -0.90),
        nose=(0.65, -0.77),
        focus=(0.48, -0.87),
        tone=150,
        height_in_heads=8.5,
        mane=((0.36, -1.0), (0.28, -0.92), (0.16, -0.78), (0.12, -0.66), (0.24, -0.72), (0.36, -0.86)),
    ),
}


def draw_quadruped(canvas: Canvas, kind: str, x: float, y: float, size: float, facing: int) -> None:
    animal = QUADRUPEDS[kind]
    place = Placement(x, y, size, facing)
    weight = float(np.interp(size, (0.05, 0.4, 1.5), (0.5, 1.0, 1.4)))
    tone = animal.tone
    for leg in animal.far_legs:
        _limb(canvas, place, leg, animal.leg_widths, tone * 0.78, weight)
    _limb(canvas, place, animal.tail, animal.tail_widths, tone * 0.8, weight)
    body = place(spline(animal.body, closed=True))
    canvas.fill(body, tone)
    canvas.shade(body + (0, 0.17 * size), tone * 0.78, within=body)
    canvas.outline(body, weight)
    for leg in animal.near_legs:
        _limb(canvas, place, leg, animal.leg_widths, tone, weight)
    head = place(spline(animal.head, closed=True))
    canvas.fill(head, tone)
    canvas.shade(head + (0, 0.13 * size), tone * 0.8, within=head)
    canvas.outline(head, weight)
    if animal.mane:
        mane = place(spline(animal.mane, closed=True))
        canvas.shape(mane, 80, weight)
    for ear in animal.ears:
        canvas.shape(place(spline(ear, closed=True, steps=4)), tone * 0.75, weight * 0.9)
    _fur(canvas, place, animal, size)
    eye = ellipse(*animal.eye, 0.022, 0.024, steps=12)
    canvas.fill(place(eye), 20)
    if size > 0.6:
        canvas.fill(place(ellipse(animal.eye[0] + 0.007, animal.eye[1] - 0.008, 0.006, 0.006)), 255, shining=True)
        lid = [
            (animal.eye[0] - 0.035, animal.eye[1] - 0.005),
            (animal.eye[0], animal.eye[1] - 0.034),
            (animal.eye[0] + 0.035, animal.eye[1] - 0.004),
        ]
        canvas.stroke(place(spline(lid)), 1.4)
    nose = animal.nose
    canvas.fill(place(ellipse(nose[0] - 0.01, nose[1], 0.026, 0.02, steps=14)), 30)
    mouth = [(nose[0] - 0.02, nose[1] + 0.045), (nose[0] - 0.07, nose[1] + 0.065), (nose[0] - 0.14, nose[1] + 0.05)]
    canvas.stroke(place(spline(mouth)), weight * 0.9)
    if kind == "cat":
        for lift in (-0.03, 0.0, 0.03):
            canvas.stroke(place([(nose[0] - 0.03, nose[1] + 0.02), (nose[0] + 0.16, nose[1] + 0.02 + lift * 1.6)]), 0.5)


def _limb(
    canvas: Canvas,
    place: Placement,
    joints: tuple[tuple[float, float], ...],
    widths: tuple[float, ...],
    tone: float,
    weight: float,
) -> None:
    left, right = tube(joints, widths)
    canvas.fill(place(np.vstack([left, right[::-1]])), tone)
    canvas.stroke(place(left[3:]), weight)
    canvas.stroke(place(right[3:]), weight)
    if len(joints) == 4 and joints[-1][1] > -0.12:
        x, y = joints[-1]
        wide = widths[-1] * 0.75
        paw = spline(
            [
                (x - wide * 0.8, y - wide * 0.4),
                (x + wide * 0.7, y - wide * 0.5),
                (x + wide * 1.25, y + 0.01),
                (x - wide * 0.8, y + 0.015),
            ],
            closed=True,
            steps=4,
        )
        canvas.shape(place(paw), tone * 0.92, weight * 0.8)


def _fur(canvas: Canvas, place: Placement, animal: Quadruped, size: float) -> None:
    if size < 0.12:
        return
    lines = []
    for _ in range(34):
        x, y = canvas.random.uniform(-0.5, 0.42), canvas.random.uniform(-0.52, -0.40)
        lines.append(place([(x, y), (x - 0.045, y + 0.02)]))
    for _ in range(16):
        x, y = animal.focus[0] + canvas.random.uniform(-0.12, 0.05), animal.focus[1] + canvas.random.uniform(0.06, 0.14)
        lines.append(place([(x, y), (x - 0.03, y + 0.025)]))
    canvas.lines(lines, 0.6, pressure=150)


def draw_bird(_stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place = Placement(x, y, size, facing)
    far_wing = place(
        spline([(0.05, -0.55), (0.18, -0.80), (0.42, -1.02), (0.50, -0.98), (0.36, -0.70), (0.26, -0.48)], closed=True)
    )
    canvas.shape(far_wing, 170, 0.9)
    body = place(
        spline(
            [
                (-0.75, -0.30),
                (-0.40, -0.42),
                (0.05, -0.56),
                (0.38, -0.58),
                (0.52, -0.48),
                (0.62, -0.44),
                (0.50, -0.38),
                (0.30, -0.26),
                (-0.10, -0.24),
                (-0.42, -0.30),
                (-0.72, -0.22),
            ],
            closed=True,
        )
    )
    canvas.fill(body, 232)
    canvas.shade(body + (0, 0.12 * size), 185, within=body)
    canvas.outline(body, 1.1)
    wing = place(
        spline(
            [
                (0.22, -0.50),
                (0.0, -0.85),
                (-0.36, -1.10),
                (-0.80, -1.12),
                (-0.62, -0.98),
                (-0.66, -0.88),
                (-0.46, -0.80),
                (-0.44, -0.68),
                (-0.28, -0.62),
                (-0.18, -0.46),
            ],
            closed=True,
        )
    )
    canvas.shape(wing, 200, 1.1)
    for step in range(5):
        root = np.array([0.10 - 0.07 * step, -0.58 + 0.015 * step])
        canvas.stroke(
            place(spline([root, root + (-0.20, -0.22), root + (-0.42 + 0.03 * step, -0.40 + 0.07 * step)])),
            0.7,
            pressure=180,
        )
    canvas.fill(place(ellipse(0.46, -0.50, 0.022, 0.022)), 15)
    canvas.shape(place([(0.56, -0.48), (0.70, -0.43), (0.56, -0.40)]), 110, 0.9)


def draw_spaceship(_stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    place = Placement(x, y, size, facing)
    for lift in (0.06, -0.06):
        canvas.chalk(place(spline([(-0.8, -0.45 + lift), (-1.3, -0.42 + lift), (-1.9, -0.36 + lift)])), 4.0)
    far = place([(-0.5, -0.55), (-0.95, -0.95), (-0.70, -0.97), (-0.05, -0.60)])
    canvas.shape(far, 150, 1.0)
    hull = place(
        spline(
            [
                (-0.85, -0.62),
                (-0.30, -0.70),
                (0.40, -0.62),
                (0.95, -0.45),
                (1.08, -0.38),
                (0.90, -0.32),
                (0.30, -0.24),
                (-0.40, -0.22),
                (-0.85, -0.28),
            ],
            closed=True,
        )
    )
    canvas.fill(hull, 232)
    canvas.shade(hull + (0, 0.24 * size), 165, within=hull)
    canvas.outline(hull, 1.3)
    cockpit = place(spline([(0.30, -0.62), (0.42, -0.72), (0.62, -0.68), (0.78, -0.52), (0.55, -0.50)], closed=True))
    canvas.shape(cockpit, 85, 1.0)
    canvas.chalk(place([(0.46, -0.66), (0.60, -0.62)]), 1.2)
    near = place([(-0.20, -0.34), (-0.85, -0.02), (-1.10, -0.03), (-0.80, -0.36)])
    canvas.shape(near, 190, 1.2)
    canvas.hatch(near, 30, 0.06 * size, pressure=130)
    for at in (-0.55, -0.15, 0.2):
        canvas.stroke(place([(at, -0.66), (at + 0.03, -0.24)]), 0.6, pressure=160)
    canvas.shape(place([(-0.85, -0.62), (-0.98, -0.58), (-0.98, -0.32), (-0.85, -0.28)]), 70, 1.0)


def draw_sailing_boat(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    expanses.draw_boat(stage.on(canvas), x, y, size / 1.9, facing)


def draw_car(stage: Stage, canvas: Canvas, x: float, y: float, size: float, facing: int) -> None:
    streets.draw_car(stage.on(canvas), x, y, size * 1.9, facing)
