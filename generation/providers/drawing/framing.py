"""Shot types and camera angles as numbers: how large a person is, where the horizon lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Framing:
    """`head` is a head's height and `crown` the top of the subject's head, in picture heights.

    `people` is how many stand before the camera; `distance` fades the backdrop behind near figures.
    """

    head: float
    crown: float
    people: int = 1
    pencil_behind: float = 1.0
    blur_behind: float = 0.0
    subject: str = "figure"


FRAMINGS: Mapping[str, Framing] = {
    "establishing": Framing(0.028, 0.56, pencil_behind=0.97),
    "extreme-wide": Framing(0.016, 0.62),
    "wide": Framing(0.060, 0.42, pencil_behind=0.95),
    "full": Framing(0.107, 0.11, pencil_behind=0.9),
    "medium-wide": Framing(0.157, 0.09, pencil_behind=0.8),
    "medium-full": Framing(0.185, 0.09, pencil_behind=0.75),
    "medium": Framing(0.225, 0.09, pencil_behind=0.7, blur_behind=0.001),
    "medium-close-up": Framing(0.345, 0.10, pencil_behind=0.6, blur_behind=0.002),
    "close-up": Framing(0.57, 0.10, pencil_behind=0.5, blur_behind=0.004),
    "extreme-close-up": Framing(1.0, 0.0, subject="eyes"),
    "two-shot": Framing(0.195, 0.12, people=2, pencil_behind=0.75, blur_behind=0.001),
    "over-the-shoulder": Framing(0.205, 0.13, subject="over-shoulder", pencil_behind=0.75, blur_behind=0.001),
    "point-of-view": Framing(0.075, 0.36, subject="hands", pencil_behind=0.95),
    "insert": Framing(0.3, 0.2, subject="object", pencil_behind=0.5),
    "aerial": Framing(0.012, 0.5, subject="from-above"),
}
_DEFAULT_FRAMING = FRAMINGS["medium-wide"]


@dataclass(frozen=True)
class Angle:
    """`horizon` in picture heights from the top; `foreshortening` as in `figures.draw_person`; `tilt` in degrees."""

    horizon: float
    foreshortening: float = 0.0
    tilt: float = 0.0
    plan: bool = False
    zenith: bool = False


ANGLES: Mapping[str, Angle] = {
    "eye-level": Angle(0.48),
    "shoulder-level": Angle(0.55),
    "hip-level": Angle(0.66),
    "ground-level": Angle(0.90),
    "low": Angle(0.80, foreshortening=0.26),
    "high": Angle(0.14, foreshortening=-0.34),
    "overhead": Angle(-1.0, plan=True),
    "worms-eye": Angle(1.25, foreshortening=0.75, zenith=True),
    "dutch": Angle(0.50, tilt=-11.0),
}
_DEFAULT_ANGLE = ANGLES["eye-level"]

_SHALLOW_PENCIL, _SHALLOW_BLUR = 0.6, 0.006


def framing_for(shot_type: str) -> Framing:
    return FRAMINGS.get(shot_type, _DEFAULT_FRAMING)


def angle_for(camera_angle: str) -> Angle:
    return ANGLES.get(camera_angle, _DEFAULT_ANGLE)


def backdrop_softness(framing: Framing, depth_of_field: str) -> tuple[float, float]:
    """How faint the pencil behind the subject is, and how blurred."""
    if depth_of_field == "deep":
        return 1.0, 0.0
    if depth_of_field == "shallow":
        return framing.pencil_behind * _SHALLOW_PENCIL, framing.blur_behind + _SHALLOW_BLUR
    return framing.pencil_behind, framing.blur_behind
