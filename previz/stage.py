"""The set: an open floor or a room, and the figures in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from previz.blocking import Mark, marks
from previz.camera import Floats
from previz.mannequin import solid_for, table_at
from previz.moves import path
from previz.shot import Shot

# Figures differ a little in grey, so that two who overlap stay apart.
_GREYS = (0.74, 0.57, 0.66, 0.50, 0.70, 0.61)
_STRIPS = 28
_STEP = 1.5


@dataclass(frozen=True)
class Figure:
    """A solid on stage: faces (n, 4, 3) in metres, their greys (n,), and the mark it stands on."""

    faces: Floats
    greys: Floats
    mark: Mark

    @property
    def words(self) -> str:
        return self.mark.words

    @property
    def top(self) -> tuple[float, float, float]:
        return self.mark.x, self.mark.y, self.mark.foot + self.mark.height


@dataclass(frozen=True)
class Room:
    """Inside faces of walls, floor and ceiling (n, 4, 3) with greys (n,), openings drawn over them, and edges (m, 2, 3)."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    faces: Floats
    greys: Floats
    openings: tuple[tuple[Floats, float], ...]
    """(4, 3) corners and grey; a grey of 2 is a pane with the sky behind it."""
    edges: Floats


@dataclass(frozen=True)
class Stage:
    figures: tuple[Figure, ...]
    props: tuple[Figure, ...] = ()
    room: Room | None = None
    cyclorama: bool = False
    """An endless studio floor that runs into the backdrop without a horizon."""

    @property
    def solids(self) -> tuple[Figure, ...]:
        return self.figures + self.props


def build_stage(shot: Shot, t: float = 0.0, seconds: float = 4.0, aspect: float = 16 / 9) -> Stage:
    """The set at `t` (0 to 1); only figures that walk make it depend on the time."""
    walking = shot.camera_move in ("follow", "lead")
    figures = []
    for number, mark in enumerate(marks(shot, t, seconds)):
        step = t * min(seconds * 1.3, 8.0) / _STEP * 2 * math.pi + number * 1.9
        faces, shade = solid_for(mark, 25 * math.sin(step) if walking else 0.0)
        figures.append(Figure(faces, shade * _GREYS[number % len(_GREYS)], mark))
    props = []
    if shot.shot_type == "insert":
        first = figures[0].mark
        faces, shade = table_at(first.x, first.y)
        props.append(Figure(faces, shade * 0.6, Mark("", "table", first.x, first.y)))
    room = _room(shot, aspect) if shot.interior else None
    return Stage(tuple(figures), tuple(props), room, cyclorama=not shot.interior and not shot.location.strip())


@lru_cache(maxsize=32)
def _room(shot: Shot, aspect: float) -> Room:
    """Large enough for everyone and for the camera's whole way, so that it never passes through a wall."""
    reach = np.concatenate(
        [path(shot, 8.0, aspect), *([[m.x, m.y, m.height]] for t in (0, 1) for m in marks(shot, t, 8.0))]
    )
    low, high = reach.min(axis=0) - (0.9, 0.9, 0), reach.max(axis=0) + (0.9, 1.2, 0.5)
    x0, x1 = min(-2.6, low[0]), max(2.6, high[0])
    y0, y1 = min(-2.6, low[1]), max(2.8, high[1])
    top = max(2.8, high[2], 0.22 * (y1 - y0))
    strips = []

    def wall(
        corner: tuple[float, float, float],
        along: tuple[float, float, float],
        rise: tuple[float, float, float],
        light: tuple[float, float],
    ) -> None:
        """Strips along one direction, from one grey to another, each about one grey level apart: a smooth gradient."""
        base, way, up = np.array(corner), np.array(along) / _STRIPS, np.array(rise)
        for k in range(_STRIPS):
            a, b = base + way * k, base + way * (k + 1)
            strips.append((np.array([a, b, b + up, a + up]), light[0] + (light[1] - light[0]) * (k + 0.5) / _STRIPS))

    width, depth = x1 - x0, y1 - y0
    wall((x0, y0, 0), (0, depth, 0), (width, 0, 0), (0.56, 0.66))
    wall((x0, y0, top), (0, depth, 0), (width, 0, 0), (0.84, 0.92))
    wall((x0, y1, 0), (width, 0, 0), (0, 0, top), (0.72, 0.83))
    wall((x0, y0, 0), (width, 0, 0), (0, 0, top), (0.70, 0.80))
    wall((x0, y0, 0), (0, depth, 0), (0, 0, top), (0.62, 0.68))
    wall((x1, y0, 0), (0, depth, 0), (0, 0, top), (0.86, 0.90))
    door = np.array([[x1 - 1.75, y1, 0], [x1 - 0.85, y1, 0], [x1 - 0.85, y1, 2.05], [x1 - 1.75, y1, 2.05]])
    openings: list[tuple[Floats, float]] = [(_grown(door, 0.07, foot=False), 0.90), (door, 0.60)]
    knob = door[1] + (-0.09, 0, 1.02)
    openings.append(
        (knob + np.array([[-0.025, 0, -0.05], [0.025, 0, -0.05], [0.025, 0, 0.05], [-0.025, 0, 0.05]]), 0.40)
    )
    for y in (min(0.6, y1 - 2.2), y0 + 0.9):
        openings += _window(np.array([x0, y, 0.95]), np.array([0, 1.5, 0]), 1.25)
    openings += _window(np.array([x0 + 0.8, y1, 0.95]), np.array([1.3, 0, 0]), 1.25)
    corners = {
        (i, j, k): np.array([(x0, x1)[i], (y0, y1)[j], (0, top)[k]]) for i in (0, 1) for j in (0, 1) for k in (0, 1)
    }
    edges = [
        (a, b)
        for p, a in corners.items()
        for q, b in corners.items()
        if p < q and sum(map(abs, np.subtract(p, q))) == 1
    ]
    faces, greys = np.array([s[0] for s in strips]), np.array([s[1] for s in strips])
    return Room((x0, y0, 0.0), (x1, y1, float(top)), faces, greys, tuple(openings), np.array(edges))


def _grown(quad: Floats, by: float, *, foot: bool = True) -> Floats:
    """A rectangle in a wall, larger by a frame's width."""
    way = (quad[1] - quad[0]) / np.linalg.norm(quad[1] - quad[0]) * by
    down = np.array([0, 0, by if foot else 0.0])
    return quad + np.array([-way - down, way - down, way + (0, 0, by), -way + (0, 0, by)])


def _window(corner: Floats, along: Floats, rise: float) -> list[tuple[Floats, float]]:
    up = np.array([0.0, 0.0, rise])
    quad = np.array([corner, corner + along, corner + along + up, corner + up])
    parts = [(_grown(quad, 0.07), 0.94)]
    for across in (0.0, 0.51):
        for high in (0.0, 0.51):
            a = corner + along * across + up * high
            parts.append((np.array([a, a + along * 0.49, a + along * 0.49 + up * 0.49, a + up * 0.49]), 2.0))
    return parts
