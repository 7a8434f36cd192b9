"""Who stands before the camera: pose, garment, head, cast at random where the text leaves it open.

Coordinates are head heights from the crown.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from generation.providers.drawing import faces
from generation.providers.drawing.vocabulary import Traits

Joint = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """Elbow and hand of the far and near arm, knee and foot of the far and near leg; `lean` moves the shoulders."""

    far_arm: tuple[Joint, Joint] = ((1.02, 2.75), (0.98, 3.85))
    near_arm: tuple[Joint, Joint] = ((-1.10, 2.75), (-1.02, 3.85))
    far_leg: tuple[Joint, Joint] = ((0.48, 5.5), (0.52, 7.2))
    near_leg: tuple[Joint, Joint] = ((-0.42, 5.55), (-0.46, 7.3))
    lean: float = 0.0


POSES: Mapping[str, Pose] = {
    "stand": Pose(),
    "rest": Pose(
        near_arm=((-1.45, 2.65), (-0.62, 3.5)),
        far_leg=((0.62, 5.5), (0.85, 7.15)),
        near_leg=((-0.30, 5.55), (-0.32, 7.3)),
    ),
    "pockets": Pose(near_arm=((-1.25, 2.8), (-0.70, 3.75)), far_arm=((1.2, 2.8), (0.72, 3.7))),
    "walk": Pose(
        far_arm=((0.45, 2.8), (0.05, 3.7)),
        near_arm=((-0.75, 2.85), (-0.1, 3.75)),
        far_leg=((-0.15, 5.55), (-1.05, 7.0)),
        near_leg=((0.40, 5.5), (0.75, 7.3)),
        lean=0.1,
    ),
    "run": Pose(
        far_arm=((1.25, 2.4), (1.75, 1.75)),
        near_arm=((-1.25, 2.55), (-0.85, 3.45)),
        far_leg=((-0.6, 5.3), (-1.95, 5.9)),
        near_leg=((0.95, 5.0), (0.85, 6.9)),
        lean=0.45,
    ),
    "reach": Pose(far_arm=((1.45, 2.15), (2.25, 1.75)), far_leg=((0.6, 5.5), (0.85, 7.15)), lean=0.12),
    "arms-crossed": Pose(far_arm=((1.15, 2.6), (-0.2, 2.75)), near_arm=((-1.1, 2.7), (0.35, 2.62))),
    "phone": Pose(near_arm=((-1.2, 2.75), (-0.3, 2.35)), far_arm=((1.05, 2.7), (0.55, 2.35))),
    "look-up": Pose(near_arm=((-1.3, 2.5), (-0.35, 0.75)), far_leg=((0.55, 5.5), (0.75, 7.2))),
    "climb": Pose(
        near_arm=((-1.05, 2.8), (-0.72, 3.75)),
        far_leg=((0.85, 4.85), (0.80, 6.45)),
        near_leg=((-0.26, 5.6), (-0.52, 7.25)),
        lean=0.10,
    ),
}

_IDLE_POSES = ("stand", "rest", "pockets", "walk", "arms-crossed", "reach", "phone")

_POSE_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("climb", ("climb", "stairs", "ascend")),
    ("run", ("run", "chase", "sprint", "flee", "escape", "hurr", "jump", "race")),
    ("walk", ("walk", "stroll", "wander", "march", "arrive", "approach", "cross", "step", "enter", "leave")),
    ("phone", ("phone", "text", "read", "scroll", "call", "book", "letter", "map")),
    ("reach", ("point", "reach", "show", "open", "give", "hand", "offer", "wave", "greet", "throw")),
    ("look-up", ("look up", "looks up", "sky", "shield", "gaze", "search")),
    ("arms-crossed", ("wait", "angry", "cold", "argue", "refus", "stern")),
)


@dataclass(frozen=True)
class Garment:
    """Hem in heads from the crown, how far it flares, its tone and the tone below it."""

    hem: float
    flare: float
    tone: float
    legs: float
    open_front: bool = False
    bare_legs: bool = False
    buttons: bool = False


GARMENTS: Mapping[str, Garment] = {
    "coat": Garment(5.5, 1.15, 150, 110, open_front=True),
    "jacket": Garment(4.15, 0.92, 165, 125, open_front=True),
    "jumper": Garment(4.05, 0.86, 205, 115),
    "dress": Garment(5.45, 1.35, 190, 240, bare_legs=True),
    "shirt": Garment(3.95, 0.80, 240, 100),
    "parka": Garment(4.7, 1.05, 125, 160, open_front=True),
    "oilskin": Garment(5.9, 1.25, 226, 90, open_front=True, buttons=True),
    "robe": Garment(7.0, 1.45, 132, 90),
    "suit": Garment(4.2, 0.90, 96, 92, open_front=True),
    "uniform": Garment(4.3, 0.92, 92, 88, buttons=True),
    "white-coat": Garment(5.3, 1.05, 252, 130, open_front=True, buttons=True),
}
#: What people wear when nobody says.
_USUAL = ("coat", "dress", "jacket", "jumper", "parka", "shirt")
_MENS = ("coat", "jacket", "jumper", "parka", "shirt")
_MENS_HAIR = ("short", "swept")
_WOMENS_HAIR = ("bob", "bun", "long")

#: A far arm that holds something up or lets it hang.
_BURDENED: Mapping[str, tuple[Joint, Joint]] = {
    "lamp": ((1.28, 2.45), (2.0, 2.05)),
    "umbrella": ((1.15, 2.65), (0.95, 2.0)),
    "bag": ((1.05, 2.75), (1.08, 3.85)),
}


@dataclass(frozen=True)
class Person:
    hairstyle: str
    garment: str
    pose: str
    facing: int
    mood: float
    build: float
    traits: Traits

    @classmethod
    def cast(cls, looks: random.Random, rng: random.Random, action: str, traits: Traits) -> Person:
        """`looks` decides who it is as far as the traits leave it open, `rng` and the action what they are doing."""
        told = next((pose for pose, words in _POSE_WORDS if any(word in action for word in words)), None)
        hairstyle = looks.choice(faces.USUAL_HAIRSTYLES)
        garment = looks.choice(_USUAL)
        if traits.sex:
            hairstyle = looks.choice(_MENS_HAIR if traits.sex == "man" else _WOMENS_HAIR)
            garment = looks.choice(_MENS if traits.sex == "man" else _USUAL)
        if traits.hat and hairstyle in faces.HEADWEAR:
            hairstyle = "short"
        hairstyle = traits.hair or hairstyle
        if traits.age == "old":
            hairstyle = faces.GREY.get(hairstyle, hairstyle)
        return cls(
            hairstyle=hairstyle,
            garment=traits.garment or garment,
            pose=told or rng.choice(_IDLE_POSES),
            facing=rng.choice((-1, 1)),
            mood=rng.uniform(-1, 1),
            build=looks.uniform(0.92, 1.08) * (0.9 if traits.age == "child" else 1.0),
            traits=traits,
        )

    def standing_with(self, rng: random.Random) -> Person:
        """Someone else, turned towards this person."""
        other = Person.cast(rng, rng, "", Traits())
        hair = [style for style in faces.USUAL_HAIRSTYLES if style != self.hairstyle]
        dress = [garment for garment in _USUAL if garment != self.garment]
        return replace(other, facing=-self.facing, hairstyle=rng.choice(hair), garment=rng.choice(dress))

    def how(self) -> Pose:
        pose = POSES[self.pose]
        burden = _BURDENED.get(self.traits.carries)
        return replace(pose, far_arm=burden) if burden else pose

    @property
    def stature(self) -> float:
        """Of a grown person's height."""
        return 0.68 if self.traits.age == "child" else 1.0
