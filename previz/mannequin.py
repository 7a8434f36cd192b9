"""Solids made of quadrilaterals: mannequins, blocks and tables.

A solid is an (n, 4, 3) array of faces whose corners run counter-clockwise seen from outside (a triangle repeats a
corner), and an (n,) array of how bright each face is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from previz.blocking import TABLE, Mark
from previz.camera import Floats

Solid = tuple[Floats, Floats]
Row = tuple[float, float, float, float, float]
"""A cross-section: its middle x, y, z, half its width and half its depth."""


def _smooth(rows: Floats, fine: int) -> Floats:
    """Catmull-Rom curves through the rows, `fine` pieces between two."""
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    u = np.linspace(0, 1, fine, endpoint=False)[:, None, None]
    curve = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, rows.shape[1]), rows[-1:]])


def _skin(rings: Floats) -> Floats:
    """Faces over rings (m, n, 3) that run counter-clockwise seen from where the rings lead."""
    low, high = rings[:-1], rings[1:]
    faces = np.stack([low, np.roll(low, -1, axis=1), np.roll(high, -1, axis=1), high], axis=2)
    return np.asarray(faces.reshape(-1, 4, 3))


def _loft(rows: Sequence[Row], sides: int, fine: int = 1, *, upright: bool = False) -> Floats:
    """A skin over ellipses that lie flat, rows from below; or upright ones, rows from the back."""
    smooth = _smooth(np.array(rows, dtype=np.float64), fine)
    turn = (np.arange(sides) + 0.5) * 2 * math.pi / sides
    rings = np.repeat(smooth[:, None, :3], sides, axis=1)
    rings[..., 0] += np.maximum(smooth[:, 3:4], 0.001) * np.cos(turn)
    rings[..., 2 if upright else 1] += np.maximum(smooth[:, 4:5], 0.001) * np.sin(turn)
    return _skin(rings)


def _mirrored(rows: Sequence[Row], side: int) -> list[Row]:
    return [(x * side, y, z, wide, deep) for x, y, z, wide, deep in rows]


_TRUNK: list[Row] = [
    (0, 0.00, 0.80, 0.02, 0.02), (0, 0.00, 0.83, 0.11, 0.085), (0, 0.00, 0.91, 0.168, 0.112), (0, 0.00, 0.98, 0.160, 0.106),
    (0, 0.00, 1.10, 0.132, 0.092), (0, -0.005, 1.24, 0.160, 0.108), (0, 0.00, 1.35, 0.182, 0.110),
    (0, 0.01, 1.42, 0.165, 0.088), (0, 0.014, 1.46, 0.102, 0.066), (0, 0.012, 1.485, 0.060, 0.056),
    (0, 0.004, 1.52, 0.050, 0.052), (0, 0.00, 1.58, 0.050, 0.054),
]  # fmt: skip
_SKULL: list[Row] = [
    (0, -0.046, 1.522, 0.004, 0.004), (0, -0.044, 1.527, 0.028, 0.030), (0, -0.030, 1.552, 0.052, 0.060),
    (0, -0.012, 1.60, 0.069, 0.086), (0, 0.002, 1.65, 0.077, 0.098), (0, 0.008, 1.70, 0.070, 0.090),
    (0, 0.010, 1.735, 0.044, 0.058), (0, 0.010, 1.75, 0.002, 0.003),
]  # fmt: skip
_NOSE: list[Row] = [
    (0, -0.090, 1.598, 0.003, 0.010), (0, -0.096, 1.606, 0.016, 0.017), (0, -0.099, 1.613, 0.014, 0.020),
    (0, -0.094, 1.640, 0.009, 0.014), (0, -0.088, 1.675, 0.005, 0.006),
]  # fmt: skip


def _eyes() -> Floats:
    turn = np.linspace(0, 2 * math.pi, 8, endpoint=False)
    found = []
    for side in (-1, 1):
        x, z = side * 0.031 + 0.0135 * np.cos(turn), 1.653 + 0.0065 * np.sin(turn)
        # A little off the skull, or its faces would hide them.
        rim = np.stack([x, 0.002 - 0.098 * np.sqrt(1 - (x / 0.077) ** 2) - 0.005, z], axis=1)
        found += [rim[[0, 1, 2, 3]], rim[[0, 3, 4, 7]], rim[[4, 5, 6, 7]]]
    return np.array(found)


def _swing(height: float, angle: float, length: float) -> tuple[float, float]:
    """y and z of the end of a limb that hangs from a height and swings forwards."""
    return -length * math.sin(math.radians(angle)), height - length * math.cos(math.radians(angle))


@lru_cache(maxsize=64)
def _person(stride: float, fine: int) -> Solid:
    """A mannequin facing -y; `stride` is the swing of its legs in degrees, and `fine` 1 for one seen from afar."""
    sides = 9 if fine == 1 else 18
    parts = [_loft(_TRUNK, sides, fine), _loft(_SKULL, sides + 1, fine), _loft(_NOSE, 8, fine)]
    for side in (-1, 1):
        arm, leg = -side * stride * 0.8, side * stride
        bend = arm + 12 + 0.5 * abs(stride)
        (uy, uz), (ey, ez) = _swing(1.40, arm, 0.12), _swing(1.40, arm, 0.29)
        reach = [_swing(ez, bend, length) for length in (0.39, 0.36, 0.29, 0.24, 0.08)]
        radii = ((0.008, 0.010), (0.020, 0.030), (0.024, 0.037), (0.026, 0.030), (0.040, 0.042))
        hand = [(0.262, ey + y, z, *r) for (y, z), r in zip(reach, radii, strict=True)]
        shoulder = [
            (0.222, uy, uz, 0.047, 0.052),
            (0.202, 0.004, 1.395, 0.052, 0.056),
            (0.172, 0.006, 1.435, 0.03, 0.034),
        ]
        parts.append(
            _loft(_mirrored([*hand, (0.250, ey, ez, 0.040, 0.042), *shoulder], side), 7 if fine == 1 else 13, fine)
        )
        (ty, tz), (ky, kz) = _swing(0.92, leg, 0.20), _swing(0.92, leg, 0.43)
        shin = leg - max(0.0, -leg) * 1.1
        (cy, cz), (ay, az) = _swing(kz, shin, 0.14), _swing(kz, shin, 0.40)
        lower = [
            (0.105, ky + ay + 0.012, az, 0.034, 0.040),
            (0.104, ky + cy + 0.014, cz, 0.052, 0.058),
            (0.10, ky, kz, 0.054, 0.058),
        ]
        upper = [(0.095, ty, tz, 0.074, 0.080), (0.088, 0, 0.86, 0.082, 0.094), (0.085, 0, 0.93, 0.06, 0.08)]
        parts.append(_loft(_mirrored([*lower, *upper], side), 7 if fine == 1 else 13, fine))
        y, z = ky + ay + 0.01, az - 0.055
        heel = [(0.103, y + 0.062, z, 0.012, 0.012), (0.104, y + 0.045, z + 0.012, 0.036, 0.044)]
        toes = [(0.110, y - 0.08, z - 0.003, 0.044, 0.030), (0.120, y - 0.16, z - 0.012, 0.040, 0.020)]
        parts.append(
            _loft(_mirrored([*heel, *toes, (0.122, y - 0.195, z - 0.018, 0.012, 0.008)], side), 8, fine, upright=True)
        )
    eyes = _eyes()
    faces, shade = np.concatenate([*parts, eyes]), np.ones(sum(map(len, parts)) + len(eyes))
    shade[-len(eyes) :] = 0.6
    return faces - np.array([0, 0, min(faces[..., 2].min(), 0.06)]), shade


@lru_cache(maxsize=8)
def _box(wide: float, deep: float, foot: float, high: float, radius: float) -> Floats:
    """A box with rounded edges, standing at height `foot`."""
    turn = np.radians(np.arange(24) * 15.0 + 7.5)
    sign = np.stack([np.sign(np.cos(turn)), np.sign(np.sin(turn))], axis=1)
    rings = []
    for up in np.radians([-90.0, -60, -30, 0, 0.01, 30, 60, 90]):
        out = radius * math.cos(up)
        flat = sign * (wide / 2 - radius, deep / 2 - radius) + out * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        z = (radius if up <= 0 else high - radius) + radius * math.sin(up)
        rings.append(np.column_stack([flat, np.full(24, foot + z)]))
    return _skin(np.array([rings[0] * (0, 0, 1), *rings, rings[-1] * (0, 0, 1)]))


def solid_for(mark: Mark, stride: float = 0.0, fine: int = 1) -> Solid:
    """The solid that stands at a mark, in world coordinates."""
    if mark.kind == "person":
        faces, shade = _person(round(stride, 1), fine)
    elif mark.kind == "table":
        profile = [
            (0.0, 0.001),
            (0.0, 0.20),
            (0.02, 0.20),
            (0.03, 0.04),
            (0.75, 0.04),
            (0.765, 0.36),
            (TABLE, 0.36),
            (TABLE, 0),
        ]
        faces = _loft([(0, 0, z, r, r) for z, r in profile], 40)
        shade = np.full(len(faces), 0.8)
    else:
        faces = (
            _box(0.6, 0.6, 0.0, mark.height, 0.06)
            if mark.kind == "block"
            else _box(0.15, 0.1, TABLE, mark.height, 0.02)
        )
        shade = np.ones(len(faces))
    turn = math.radians(mark.facing)
    about = np.array([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    return faces @ about + np.array([mark.x, mark.y, 0.0]), shade
