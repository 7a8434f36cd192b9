"""The set: an open floor or a room, and the figures in it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from previz.blocking import Mark, marks, walked
from previz.camera import Floats, Point
from previz.framing import frame_shot
from previz.mannequin import solid
from previz.moves import camera_at
from previz.shot import Shot

# Figures differ a little in grey, so that two who overlap stay apart.
_GREYS = (0.74, 0.57, 0.66, 0.50, 0.70, 0.61)
_STRIPS, _STEP = 20, 1.5
PANE = 2.0  # the grey of a window pane, which shows the sky


class Figure:
    """A solid on stage: faces (n, 4, 3) in metres, their greys, and how much nearer they count in order (n,)."""

    def __init__(self, mark: Mark, grey: float, stride: float = 0.0, fine: int = 1) -> None:
        faces, shade, self.lift = solid(mark.kind, stride, fine)
        sine, cosine = math.sin(math.radians(mark.facing)), math.cos(math.radians(mark.facing))
        turn = np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]])
        self.mark, self.greys, self.faces = mark, shade * grey, faces @ turn + (mark.x, mark.y, 0.0)
        across = np.cross(self.faces[:, 2] - self.faces[:, 0], self.faces[:, 3] - self.faces[:, 1])
        self.normals = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-12)
        self.middles = self.faces.mean(axis=1)


@dataclass(frozen=True, eq=False)
class Room:
    """A box from `low` to `high`: inner faces (n, 4, 3), door and windows last, their greys, and edges (m, 2, 3)."""

    low: Point
    high: Point
    faces: Floats
    greys: Floats
    edges: Floats


@dataclass(frozen=True, eq=False)
class Stage:
    """Figures on a floor: in a room, in the open, or on a cyclorama that runs into the backdrop without a horizon."""

    figures: tuple[Figure, ...]
    room: Room | None = None
    cyclorama: bool = False


def build_stage(shot: Shot, t: float = 0.0, seconds: float = 4.0, aspect: float = 16 / 9) -> Stage:
    """The set at `t` (0 to 1); only figures that walk make it depend on the time."""
    fine = 1 + sum(frame_shot(shot, aspect).frame < near for near in (0.7, 1.9))
    figures = []
    for number, mark in enumerate(marks(shot, t, seconds)):
        step = 2 * math.pi * walked(shot, t, seconds) / _STEP + number * 1.9
        stride = 18 * math.sin(step) if shot.walks else 0.0
        figures.append(Figure(mark, _GREYS[number % len(_GREYS)], stride, fine))
    room = _room(shot, aspect) if shot.interior else None
    return Stage(tuple(figures), room, cyclorama=not shot.location.strip())


def _quad(corner: Point | Floats, along: Point | Floats, rise: Point | Floats) -> Floats:
    a, along, rise = np.array(corner), np.array(along), np.array(rise)
    return np.array([a, a + along, a + along + rise, a + rise])


@lru_cache(maxsize=32)
def _room(shot: Shot, aspect: float) -> Room:
    # Large enough for everyone and for the camera's whole way, so that it never passes through a wall.
    way: list[Point] = [camera_at(shot, t / 8, 8.0, aspect).position for t in range(9)]
    reach = np.array(way + [(m.x, m.y, m.kind.height) for t in (0.0, 1.0) for m in marks(shot, t, 8.0)])
    x0, y0, _ = np.minimum(reach.min(axis=0) - 0.9, -2.6).tolist()
    x1, y1, top = np.maximum(reach.max(axis=0) + (0.9, 1.2, 0.5), (2.6, 2.8, 2.8)).tolist()
    width, depth, top = x1 - x0, y1 - y0, max(top, 0.22 * (y1 - y0))
    # corner, way along it, rise, greys at both ends: light falls in from the left
    walls = (
        ((x0, y0, 0), (0, depth, 0), (width, 0, 0), (0.56, 0.66)),
        ((x0, y0, top), (0, depth, 0), (width, 0, 0), (0.84, 0.92)),
        ((x0, y1, 0), (width, 0, 0), (0, 0, top), (0.72, 0.83)),
        ((x0, y0, 0), (width, 0, 0), (0, 0, top), (0.70, 0.80)),
        ((x0, y0, 0), (0, depth, 0), (0, 0, top), (0.62, 0.68)),
        ((x1, y0, 0), (0, depth, 0), (0, 0, top), (0.86, 0.90)),
    )
    # Strips about one grey level apart are a smooth gradient.
    parts = [(np.array(c), np.array(a) / _STRIPS, r, k) for c, a, r, _ in walls for k in range(_STRIPS)]
    strips = [_quad(corner + along * k, along, rise) for corner, along, rise, k in parts]
    openings = [(_quad((x1 - 1.82, y1, 0), (1.04, 0, 0), (0, 0, 2.12)), 0.88)]
    openings.append((_quad((x1 - 1.75, y1, 0), (0.9, 0, 0), (0, 0, 2.05)), 0.60))
    for corner in ((x0, min(0.6, y1 - 2.2), 0.95), (x0, y0 + 0.9, 0.95), (x0 + 0.8, y1, 0.95)):
        along, up = np.array([1.4, 0, 0]) if corner[1] == y1 else np.array([0, 1.4, 0]), np.array([0, 0, 1.25])
        openings.append((_quad(corner - 0.05 * (along + up), along * 1.1, up * 1.1), 0.64))
        for i, j in ((0, 0), (0, 0.51), (0.51, 0), (0.51, 0.51)):
            openings.append((_quad(corner + along * i + up * j, along * 0.49, up * 0.49), PANE))
    quads, tones = zip(*openings, strict=True)
    edges = [(q[i - 1], q[i]) for q in (*(_quad(*wall[:3]) for wall in walls), *quads) for i in range(4)]
    greys = np.concatenate([*(np.linspace(*ends, _STRIPS) for *_, ends in walls), tones])
    return Room((x0, y0, 0.0), (x1, y1, top), np.array([*strips, *quads]), greys, np.array(edges))
