"""Views that one part of someone fills: eyes, mouth or hands."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from generation.providers.drawing import closeups, faces, hands, subjects
from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.framing import Angle
from generation.providers.drawing.geometry import ellipse, polygon_box, spline
from generation.providers.drawing.people import GARMENTS, Person
from generation.providers.drawing.stage import Stage
from generation.providers.drawing.vocabulary import Reading

_FIRE = ("burner", "candle", "lamp", "match")


@dataclass(frozen=True)
class Closeness:
    stage: Stage
    front: Canvas
    person: Person
    reading: Reading
    rng: random.Random
    angle: Angle

    @property
    def _aspect(self) -> float:
        return self.stage.aspect

    def _cover(self, tone: float) -> None:
        self.stage.canvas.fill(polygon_box(*self.stage.canvas.sheet.extent), tone)

    def draw_eyes(self) -> None:
        self._cover(240)
        kind = self.reading.subject
        if kind in subjects.QUADRUPEDS:
            animal = subjects.QUADRUPEDS[kind]
            size = 4.2
            self.front.line *= 1.3
            x, y = self._aspect / 2 - animal.eye[0] * size, 0.47 - animal.eye[1] * size
            subjects.draw_quadruped(self.front, kind, x, y, size, 1)
            return
        size = max(0.47 * min(self._aspect, 1.9), 0.40)
        place = Placement(self._aspect / 2, 0.46, size, self.person.facing)
        with self.front.foreshortened(self._aspect / 2, 0.0, 1.0, self.angle.foreshortening * 0.4):
            faces.draw_eyes(self.front, place, self.person.hairstyle, self.person.mood)
            if self.person.traits.age == "old":
                _draw_crows_feet(self.front, place)

    def draw_mouth(self) -> None:
        self._cover(240)
        size = max(0.62 * min(self._aspect, 1.6), 0.5)
        place = Placement(self._aspect / 2, 0.52, size, self.person.facing)
        with self.front.foreshortened(self._aspect / 2, 0.0, 1.0, self.angle.foreshortening * 0.4):
            _draw_mouth(self.front, place, self.person.mood)

    def draw_hands(self) -> None:
        held = self.reading.object
        dark = self.stage.light.dark
        self._cover(118 if dark else 208)
        back = self.stage.canvas
        for _ in range(9):
            x, y, radius = self.rng.uniform(0, self._aspect), self.rng.uniform(0, 0.8), self.rng.uniform(0.05, 0.14)
            back.fill(ellipse(x, y, radius, radius), 134 if dark else 220)
        back.soften(0.6, 0.02)
        tone = min(GARMENTS[self.person.garment].tone, 200)
        old = self.person.traits.age == "old"
        size = 0.48 * min(1.0, 0.12 + self._aspect * 0.60)
        x, y = self._aspect * 0.53, 0.56
        if held in _FIRE:
            self._strike(x, y, size, tone, old=old)
        elif held is None:
            closeups.draw_own_hands(self.front, self._aspect, tone, size=1.75)
        else:
            place = Placement(x + 0.12 * size, y, size)
            thing = Placement(x - 0.34 * size, y - 0.10 * size, size * 0.95)
            closeups.draw_thing(self.front, held, thing)
            hands.draw_pinch(self.front, place, tone, old=old)

    def _strike(self, x: float, y: float, size: float, tone: float, *, old: bool) -> None:
        root = x - 0.45 * size, y - 0.44 * size
        place = Placement(x, y, size)
        flame = Placement(root[0] + 0.10 * size, root[1] + 0.20 * size, size)
        self.stage.canvas.glow(root, 0.95, 0.78)
        if self.reading.object != "candle":
            hands.draw_burner(self.front, Placement(x - 0.42 * size, y + 0.38 * size, size * 0.72))
        hands.draw_shield(self.front, flame, tone, old=old)
        hands.draw_match(self.front, place)
        hands.draw_pinch(self.front, place, tone, old=old)
        self.front.glow(root, 0.72, 0.62)
        hands.draw_flame(self.front, root, 0.46 * size)


def _draw_crows_feet(canvas: Canvas, place: Placement) -> None:
    for side in (-1, 1):
        for lift in (-0.07, 0.0, 0.07, 0.13):
            root = side * 0.80, 0.02 + lift * 0.5
            canvas.stroke(place(spline([root, (side * 0.90, lift), (side * 1.02, lift * 2.2)])), 1.0, pressure=170)
        canvas.stroke(place(spline([(side * 0.25, 0.16), (side * 0.45, 0.26), (side * 0.68, 0.20)])), 1.0, pressure=160)
    for y in (-0.62, -0.50, -0.42):
        canvas.stroke(
            place(spline([(-0.7, y + 0.04), (-0.2, y), (0.3, y + 0.02), (0.75, y + 0.05)])), 1.0, pressure=140
        )


def _draw_mouth(canvas: Canvas, place: Placement, mood: float) -> None:
    lift = -0.05 * mood
    nose = spline(
        [
            (-0.30, -0.56),
            (-0.34, -0.44),
            (-0.22, -0.36),
            (-0.06, -0.34),
            (0.04, -0.30),
            (0.16, -0.35),
            (0.30, -0.38),
            (0.36, -0.48),
        ]
    )
    canvas.stroke(place(nose), 1.6)
    for x in (-0.14, 0.17):
        canvas.fill(place(ellipse(x, -0.375, 0.075, 0.03)), 70)
    for x in (-0.045, 0.085):
        canvas.stroke(place(spline([(x, -0.27), (x - 0.01, -0.20), (x + 0.005, -0.14)])), 0.9, pressure=150)
    upper = [
        (-0.52, 0.02 + lift),
        (-0.24, -0.08),
        (-0.06, -0.135),
        (0.02, -0.11),
        (0.10, -0.135),
        (0.30, -0.08),
        (0.52, 0.0 + lift),
    ]
    seam = [(0.52, 0.0 + lift), (0.24, 0.03), (0.02, 0.045), (-0.24, 0.035), (-0.52, 0.02 + lift)]
    lower = [(0.52, 0.0 + lift), (0.30, 0.15), (0.02, 0.20), (-0.28, 0.155), (-0.52, 0.02 + lift)]
    canvas.fill(place(np.vstack([spline(upper), spline(seam)])), 166)
    canvas.fill(place(np.vstack([spline(lower), spline(seam)[::-1]])), 192)
    shine = place(spline([(-0.14, 0.12), (0.02, 0.135), (0.16, 0.115)]))
    canvas.chalk(shine, 3.2, 240)
    canvas.stroke(place(spline(upper)), 1.5)
    canvas.stroke(place(spline(seam)), 2.6)
    canvas.stroke(place(spline(lower)), 1.3)
    for x in np.linspace(-0.36, 0.38, 11):
        canvas.stroke(place(spline([(x, 0.06), (x * 1.02, 0.10), (x * 1.0, 0.145 - 0.10 * abs(x))])), 0.6, pressure=130)
    canvas.stroke(place(spline([(-0.20, 0.27), (0.02, 0.30), (0.22, 0.265)])), 1.1, pressure=170)
    canvas.shade(place(spline([(-0.26, 0.24), (0.02, 0.235), (0.26, 0.235), (0.02, 0.33)], closed=True)), 206)
    canvas.stroke(place(spline([(-0.44, 0.60), (0.0, 0.70), (0.46, 0.58)])), 1.4)
    for side in (-1, 1):
        fold = spline([(side * 0.42, -0.46), (side * 0.62, -0.22), (side * 0.70, 0.06)])
        canvas.stroke(place(fold), 1.1, pressure=170)
    canvas.hatch(place([(-0.95, -0.5), (-0.72, -0.4), (-0.78, 0.5), (-1.05, 0.6)]), 62, 0.03 * place.size, pressure=110)
