"""Everything but people that a shot can be about, by the name `vocabulary` gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from generation.providers.drawing import structures, subjects, vehicles
from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.stage import Stage

Drawer = Callable[[Stage, Canvas, float, float, float, int], None]


@dataclass(frozen=True)
class Thing:
    """`tall` against an animal that fills the same shot; `wide` is its breadth in its own heights.

    A close view centres on `focus`, in the thing's heights.
    """

    draw: Drawer
    wide: float
    focus: tuple[float, float]
    tall: float = 1.0
    flies: bool = False
    floats: bool = False


THINGS: Mapping[str, Thing] = {
    "bird": Thing(subjects.draw_bird, 1.4, (0.40, -0.5), flies=True),
    "boat": Thing(subjects.draw_sailing_boat, 0.9, (0.0, -0.35), 0.62, floats=True),
    "car": Thing(subjects.draw_car, 2.3, (0.4, -0.55), 0.62),
    "castle": Thing(structures.draw_castle, 1.5, (0.2, -0.75), 0.9),
    "church": Thing(structures.draw_church, 1.0, (-0.10, -0.70)),
    "fishing-boat": Thing(vehicles.draw_fishing_boat, 1.8, (0.0, -0.42), 0.62, floats=True),
    "house": Thing(structures.draw_house, 1.5, (-0.2, -0.45), 0.8),
    "lamp-post": Thing(structures.draw_lamp_post, 0.2, (0.0, -0.85)),
    "lighthouse": Thing(structures.draw_lighthouse, 0.5, (0.0, -0.82), 1.1),
    "plane": Thing(vehicles.draw_plane, 3.1, (0.9, -0.5), 0.42, flies=True),
    "ship": Thing(vehicles.draw_ship, 2.7, (0.1, -0.45), 0.55, floats=True),
    "skyscraper": Thing(structures.draw_skyscraper, 0.45, (-0.05, -0.85), 1.15),
    "spaceship": Thing(subjects.draw_spaceship, 2.1, (0.5, -0.5), 0.62, flies=True),
    "statue": Thing(structures.draw_statue, 0.5, (0.0, -0.90)),
    "tower": Thing(structures.draw_tower, 0.4, (0.0, -0.85), 1.1),
    "train": Thing(vehicles.draw_train, 2.2, (1.5, -0.55), 0.42),
    "tree": Thing(structures.draw_lone_tree, 0.8, (0.0, -0.65)),
    "windmill": Thing(structures.draw_windmill, 0.8, (0.0, -0.68)),
}
