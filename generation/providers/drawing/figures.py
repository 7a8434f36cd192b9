"""People as a storyboard artist sets them down: a pose, a garment, a head.

Coordinates are head heights from the crown.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generation.providers.drawing import burdens, faces, hats
from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import Points, ellipse, spline, tube, without_loop
from generation.providers.drawing.people import GARMENTS, Joint, Person

#: Crown to sole, in heads.
HEADS_TALL = 7.5

#: Heads are drawn a little larger than life and set low, so that faces read in small panels.
_HEAD_EMPHASIS = 1.12

_CHILDS_HEAD = 1.55


def draw_person(
    canvas: Canvas, person: Person, x: float, crown: float, head: float, *, foreshortening: float = 0.0
) -> None:
    """`foreshortening` above zero: seen from below, feet near; below zero: from above, head near."""
    with canvas.foreshortened(x, crown, crown + HEADS_TALL * head, foreshortening):
        _Body(canvas, person, Placement(x, crown, head, person.facing)).draw()


def draw_person_from_behind(canvas: Canvas, person: Person, x: float, crown: float, head: float) -> None:
    """The near shoulder of an over-the-shoulder shot: nape, collar and back, dark against the scene."""
    place = Placement(x, crown, head, person.facing)
    tone = min(GARMENTS[person.garment].tone, 150) * 0.72
    neck = place(spline([(-0.24, 0.7), (-0.26, 1.1), (-0.4, 1.35), (0.4, 1.35), (0.26, 1.1), (0.24, 0.7)], closed=True))
    canvas.shape(neck, 205)
    back = place(
        spline(
            [
                (-0.3, 1.2),
                (-0.75, 1.42),
                (-1.25, 1.75),
                (-1.5, 2.6),
                (-1.6, 5.0),
                (1.6, 5.0),
                (1.5, 2.6),
                (1.22, 1.75),
                (0.75, 1.42),
                (0.3, 1.2),
            ],
            closed=True,
        )
    )
    canvas.shape(back, tone, 1.4)
    canvas.hatch(
        place([(-1.25, 1.9), (-0.5, 1.6), (-0.3, 4.8), (-1.5, 4.8)]), 66, 0.075 * head, pressure=150, weight=0.8
    )
    collar = place(
        spline([(-0.36, 1.26), (0.0, 1.12), (0.36, 1.26), (0.3, 1.42), (0.0, 1.32), (-0.3, 1.42)], closed=True)
    )
    canvas.shape(collar, tone * 0.85)
    canvas.stroke(place(spline([(-1.22, 2.3), (-1.1, 2.8), (-1.12, 3.6)])), 0.9)
    canvas.stroke(place(spline([(1.20, 2.3), (1.1, 2.8), (1.14, 3.6)])), 0.9)
    faces.draw_back_of_head(canvas, place, person.hairstyle)
    if person.traits.hat:
        hats.draw_hat_from_behind(canvas, place, person.traits.hat)


def draw_person_from_above(canvas: Canvas, person: Person, x: float, y: float, head: float) -> None:
    place = Placement(x, y, head, person.facing)
    garment = GARMENTS[person.garment]
    for side in (-1, 1):
        shoe = place(
            spline(
                [
                    (0.1, side * 0.22),
                    (0.1 + side * 0.35, side * 0.1),
                    (0.62 + side * 0.35, side * 0.18),
                    (0.6 + side * 0.3, side * 0.42),
                ],
                closed=True,
            )
        )
        canvas.shape(shoe, 80, 0.8)
    body = place(
        spline(
            [
                (-0.25, -1.05),
                (0.2, -0.95),
                (0.36, -0.4),
                (0.40, 0.4),
                (0.2, 0.95),
                (-0.25, 1.05),
                (-0.45, 0.5),
                (-0.45, -0.5),
            ],
            closed=True,
        )
    )
    canvas.shape(body, garment.tone, 1.1)
    canvas.shade(body + (-0.18 * head, 0.2 * head), garment.tone * 0.75, within=body)
    for side in (-1, 1):
        hand = place(
            spline(
                [(0.1, side * 0.95), (0.55, side * 0.85), (0.85, side * 0.6), (0.72, side * 0.48), (0.3, side * 0.62)],
                closed=True,
            )
        )
        canvas.shape(hand, garment.tone, 0.9)
    style = faces.HAIRSTYLES[person.hairstyle]
    skull = place(ellipse(0, 0, 0.42, 0.36))
    canvas.shape(skull, style.tone, 1.1)
    canvas.shape(place(spline([(0.36, -0.1), (0.50, 0.0), (0.36, 0.1)], closed=True)), 240, 0.7)
    for angle in np.linspace(0.6, 5.8, 9):
        ray = np.array([np.cos(angle), np.sin(angle) * 0.86])
        canvas.stroke(place([ray * 0.06 + (-0.05, 0), ray * 0.38]), 0.6, pressure=180)


class _Body:
    def __init__(self, canvas: Canvas, person: Person, place: Placement) -> None:
        self.canvas = canvas
        self.person = person
        self.place = place
        self.pose = person.how()
        self.garment = GARMENTS[person.garment]
        self.detailed = place.size > 0.05
        self.weight = float(np.interp(place.size, (0.01, 0.06, 0.3), (0.5, 0.85, 1.15)))

    def draw(self) -> None:
        pose, garment = self.pose, self.garment
        shift = pose.lean
        wide = self.person.build
        child = self.person.traits.age == "child" and self.place.size < 0.2
        emphasis = _CHILDS_HEAD if child else _HEAD_EMPHASIS
        size = self.place.size * emphasis
        drop = (1.13 - emphasis) * self.place.size
        head_place = Placement(
            self.place.x + shift * self.place.size * self.place.facing, self.place.y + drop, size, self.place.facing
        )
        faces.draw_hair_behind(self.canvas, head_place, self.person.hairstyle)
        burden = self.person.traits.carries
        if burden:
            burdens.draw(self.canvas, self.place, burden, pose.far_arm[1])
        self._arm((0.72 * wide + shift * 0.8, 1.72), *pose.far_arm, garment.tone * 0.86)
        self._leg((0.30, 3.95), *pose.far_leg, garment.legs * 0.9)
        self._leg((-0.28, 3.95), *pose.near_leg, garment.legs)
        self._neck(shift)
        self._torso(shift, wide)
        crossing = pose.near_arm[1][0] > -0.75
        if not crossing:
            self._arm((-0.78 * wide + shift * 0.8, 1.75), *pose.near_arm, garment.tone)
        faces.draw_head(self.canvas, head_place, self.person.hairstyle, mood=self.person.mood)
        self._adorn(head_place)
        if crossing:
            self._arm((-0.78 * wide + shift * 0.8, 1.75), *pose.near_arm, garment.tone)

    def _adorn(self, head: Placement) -> None:
        traits = self.person.traits
        old = traits.age == "old"
        if head.size > 0.02 and traits.beard:
            hats.draw_beard(self.canvas, head, full=traits.beard == "beard", grey=old)
        if old:
            hats.draw_wrinkles(self.canvas, head)
        if traits.hat:
            hats.draw_hat(self.canvas, head, traits.hat, self.weight)

    def _neck(self, shift: float) -> None:
        neck = spline(
            [
                (-0.20 + shift, 0.7),
                (-0.20 + shift, 1.05),
                (-0.42 + shift, 1.38),
                (0.36 + shift, 1.38),
                (0.16 + shift, 1.1),
                (0.15 + shift, 0.8),
            ],
            closed=True,
        )
        self.canvas.shape(self.place(neck), 238, self.weight)
        if self.detailed:
            cast = [(-0.2 + shift, 0.85), (0.14 + shift, 0.98), (0.15 + shift, 1.12), (-0.18 + shift, 1.2)]
            self.canvas.shade(self.place(cast), 195)

    def _torso(self, shift: float, wide: float) -> None:
        garment = self.garment
        hem, flare = garment.hem, garment.flare
        swing = 0.12 * self.pose.lean
        outline = spline(
            [
                (-0.24 + shift, 1.26),
                (-0.64 * wide + shift, 1.36),
                (-0.98 * wide + shift, 1.64),
                (-0.80 * wide + shift * 0.7, 2.4),
                (-0.62 * wide + shift * 0.3, 3.1),
                (-0.70 * wide, 3.8),
                (-flare * 0.72 - swing, hem),
                (0.0, hem + 0.08),
                (flare * 0.72 - swing, hem - 0.03),
                (0.66 * wide, 3.8),
                (0.60 * wide + shift * 0.3, 3.1),
                (0.74 * wide + shift * 0.7, 2.4),
                (0.88 * wide + shift, 1.63),
                (0.54 * wide + shift, 1.36),
                (0.20 + shift, 1.28),
                (0.02 + shift, 1.42),
            ],
            closed=True,
            steps=5,
        )
        body = self.place(outline)
        canvas, size, facing = self.canvas, self.place.size, self.place.facing
        canvas.fill(body, garment.tone)
        canvas.shade(body - np.array([0.62 * facing, -0.1]) * size, garment.tone * 0.78, within=body)
        canvas.outline(body, self.weight * 1.1)
        if self.detailed:
            self._tailoring(shift, hem)

    def _tailoring(self, shift: float, hem: float) -> None:
        canvas, place = self.canvas, self.place
        if self.garment.open_front:
            opening = spline([(0.10 + shift, 1.36), (0.22 + shift * 0.6, 2.4), (0.20, hem)])
            canvas.stroke(place(opening), 0.9)
            for side in (1, -1):
                lapel = spline(
                    [
                        (side * 0.22 + 0.02 + shift, 1.24),
                        (side * 0.46 + 0.06 + shift, 1.55),
                        (side * 0.30 + 0.12 + shift, 1.75),
                        (0.17 + shift, 2.25),
                        (0.06 + shift, 1.5),
                    ],
                    closed=True,
                    steps=4,
                )
                canvas.shape(place(lapel), self.garment.tone * 0.82, 0.8)
        else:
            canvas.stroke(place(spline([(-0.30 + shift, 1.28), (0.02 + shift, 1.55), (0.28 + shift, 1.30)])), 1.0)
            canvas.stroke(place(spline([(-0.34 + shift, 1.34), (0.02 + shift, 1.64), (0.32 + shift, 1.36)])), 0.6)
        if self.garment.buttons:
            for y in np.arange(1.9, min(hem, 4.6), 0.55):
                canvas.fill(place(ellipse(0.24 + shift * 0.5, y, 0.045, 0.045, steps=10)), 50)
        for _ in range(3):
            x = canvas.random.uniform(-0.55, 0.35)
            y = canvas.random.uniform(2.5, min(hem, 3.7))
            canvas.stroke(place(spline([(x, y), (x + 0.14, y + 0.1), (x + 0.22, y + 0.34)])), 0.7, pressure=170)
        fold = place([(-0.78, 2.2), (-0.5, 2.35), (-0.42, min(hem, 3.8)), (-0.62, min(hem, 3.8))])
        canvas.hatch(fold, 64, 0.075 * place.size, pressure=135)

    def _arm(self, shoulder: Joint, elbow: Joint, hand: Joint, tone: float) -> None:
        wrist = np.array(hand) + (np.array(elbow) - hand) * 0.1
        reach = np.array(hand) - elbow
        reach /= max(float(np.hypot(*reach)), 1e-6)
        self._hand(wrist, reach)
        root = (shoulder[0] * 0.80, shoulder[1] - 0.24)
        middle, forearm = (np.array(shoulder) + elbow) / 2, (np.array(elbow) + wrist) / 2
        self._tube([root, shoulder, middle, elbow, forearm, wrist], (0.10, 0.42, 0.44, 0.37, 0.34, 0.27), tone)

    def _hand(self, wrist: Points, reach: Points) -> None:
        across = np.array([-reach[1], reach[0]])
        knots = [
            wrist - across * 0.11,
            wrist + reach * 0.2 - across * 0.15,
            wrist + reach * 0.46 - across * 0.07,
            wrist + reach * 0.48 + across * 0.06,
            wrist + reach * 0.2 + across * 0.16,
            wrist + across * 0.11,
        ]
        self.canvas.shape(self.place(spline(knots, closed=True, steps=4)), 243, self.weight * 0.8)
        if self.place.size > 0.12:
            for side in (-0.05, 0.03):
                self.canvas.stroke(
                    self.place([wrist + reach * 0.26 + across * side, wrist + reach * 0.44 + across * side]), 0.6
                )

    def _leg(self, hip: Joint, knee: Joint, foot: Joint, tone: float) -> None:
        thin = 0.72 if self.garment.bare_legs else 1.0
        self._shoe(foot, knee)
        middle = (np.array(hip) + knee) / 2
        shin = (np.array(knee) + foot) / 2
        widths = tuple(width * thin for width in (0.66, 0.58, 0.45, 0.42, 0.34))
        self._tube([hip, middle, knee, shin, foot], widths, tone)

    def _shoe(self, foot: Joint, knee: Joint) -> None:
        x, y = foot
        kicked = 0.0 if self.person.pose == "climb" else max(0.0, min(1.0, (7.0 - y) * 0.8))
        shoe = np.array([(-0.2, -0.12), (-0.24, 0.18), (0.1, 0.2), (0.58, 0.2), (0.56, 0.06), (0.2, -0.12)])
        angle = kicked * (1.1 if x < knee[0] else 0.15)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        self.canvas.shape(self.place(spline(shoe @ turn.T + (x, y), closed=True, steps=4)), 70, self.weight * 0.9)

    def _tube(self, joints: Sequence[Joint | Points], widths: tuple[float, ...], tone: float) -> None:
        left, right = tube(joints, widths)
        limb = self.place(np.vstack([left, right[::-1]]))
        # A sharp bend folds the outline over itself, so upper and lower limb are filled one after the other.
        bend = len(left) * (len(joints) // 2) // (len(joints) - 1)
        for part in (slice(0, bend + 2), slice(bend - 1, None)):
            self.canvas.fill(self.place(np.vstack([left[part], right[part][::-1]])), tone)
        if self.place.size > 0.02:
            shift = np.array([0.16 * self.place.facing, -0.02]) * self.place.size
            self.canvas.shade(limb - shift, tone * 0.8, within=limb)
        for side in (left, right):
            self.canvas.stroke(self.place(without_loop(side)), self.weight)
