"""Solids of faces (n, 4, 3), whose corners run counter-clockwise seen from outside; a triangle repeats one."""

import math
from functools import lru_cache

import numpy as np

from previz.blocking import BLOCK, OBJECT, PERSON, Kind
from previz.camera import Floats

# Cross-sections from below: middle x, y, z, half the width, half the depth. A foot's lead from heel to toe.
_TRUNK = np.array([
    (0, 0, 0.85, 0.03, 0.04), (0, 0, 0.88, 0.13, 0.09), (0, 0, 0.94, 0.168, 0.112), (0, 0, 0.99, 0.16, 0.106),
    (0, 0, 1.1, 0.132, 0.092), (0, 0, 1.24, 0.16, 0.108), (0, 0, 1.35, 0.186, 0.11), (0, 0.01, 1.415, 0.19, 0.092),
    (0, 0.014, 1.455, 0.13, 0.07), (0, 0.012, 1.485, 0.062, 0.056), (0, 0, 1.52, 0.05, 0.052), (0, 0, 1.58, 0.05, 0.05),
])  # fmt: skip
_SKULL = np.array([
    (0, -0.046, 1.522, 0.004, 0.004), (0, -0.044, 1.527, 0.028, 0.03), (0, -0.03, 1.552, 0.052, 0.06),
    (0, -0.012, 1.6, 0.069, 0.086), (0, 0.002, 1.65, 0.077, 0.098), (0, 0.008, 1.7, 0.07, 0.09),
    (0, 0.01, 1.735, 0.044, 0.058), (0, 0.01, 1.75, 0.002, 0.003),
])  # fmt: skip
_NOSE = np.array([
    (0, -0.092, 1.6, 0.001, 0.001), (0, -0.096, 1.606, 0.016, 0.017), (0, -0.099, 1.613, 0.014, 0.02),
    (0, -0.094, 1.64, 0.009, 0.014), (0, -0.088, 1.675, 0.005, 0.006),
])  # fmt: skip
_ARM = np.array([
    (0.262, 0, 0.71, 0.008, 0.01), (0.262, 0, 0.74, 0.02, 0.03), (0.262, 0, 0.81, 0.024, 0.037),
    (0.262, 0, 0.86, 0.026, 0.03), (0.26, 0, 1.03, 0.04, 0.042), (0.25, 0, 1.11, 0.04, 0.042),
    (0.222, 0, 1.28, 0.047, 0.052), (0.208, 0.004, 1.395, 0.048, 0.054), (0.15, 0.006, 1.425, 0.02, 0.05),
])  # fmt: skip
_LEG = np.array([
    (0.105, 0.012, 0.09, 0.034, 0.04), (0.104, 0.014, 0.35, 0.052, 0.058), (0.1, 0, 0.49, 0.054, 0.058),
    (0.095, 0, 0.72, 0.074, 0.08), (0.088, 0, 0.86, 0.083, 0.096), (0.086, 0, 0.94, 0.08, 0.09),
])  # fmt: skip
_FOOT = np.array([
    (0.103, 0.074, 0.04, 0.001, 0.001), (0.104, 0.055, 0.047, 0.036, 0.044), (0.11, -0.07, 0.032, 0.044, 0.03),
    (0.12, -0.15, 0.023, 0.04, 0.02), (0.122, -0.187, 0.015, 0.001, 0.001),
])  # fmt: skip
_BOX = np.array([(0, 0, 0, 0, 0), (0, 0, 0, 0.9, 0.9), (0, 0, 0.025, 0.98, 0.98), (0, 0, 0.06, 1, 1)])
_TABLE = ((0, 0), (0, 0.20), (0.02, 0.20), (0.03, 0.04), (0.75, 0.04), (0.765, 0.36), (0.8, 0.36), (0.8, 0))


def _loft(rows: Floats, sides: int, fine: int = 1, *, upright: bool = False, square: float = 1.0) -> Floats:
    # A skin over ellipses, `fine` for each row, on Catmull-Rom curves; less than 1, `square` rounds them less.
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    u = np.linspace(0, 1, fine, endpoint=False)[:, None, None]
    curve = b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)))
    rows = np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 5), rows[-1:]])
    turn = (np.arange(sides) + 0.5) * 2 * math.pi / sides
    rings = np.repeat(rows[:, None, :3], sides, axis=1)
    for axis, radius, way in ((0, rows[:, 3:4], np.cos(turn)), (2 if upright else 1, rows[:, 4:], np.sin(turn))):
        rings[..., axis] += np.maximum(radius, 0.001) * np.sign(way) * np.abs(way) ** square
    low, high = rings[:-1], rings[1:]
    skin = np.stack([low, np.roll(low, -1, axis=1), np.roll(high, -1, axis=1), high], axis=2)
    return np.asarray(skin.reshape(-1, 4, 3))


def _swung(faces: Floats, height: float, degrees: float) -> Floats:
    # What hangs below a height, swung forwards about it.
    (x, y, z), turn = np.moveaxis(faces, -1, 0), math.radians(degrees)
    ahead, below = (
        y * math.cos(turn) + (z - height) * math.sin(turn),
        (z - height) * math.cos(turn) - y * math.sin(turn),
    )
    return np.where(z[..., None] < height, np.stack([x, ahead, height + below], axis=-1), faces)


def _features(fine: int) -> Floats:
    # Nose and eyes; the eyes are the last four faces.
    turn = np.arange(6) * math.pi / 3
    x, z = 0.034 + 0.0125 * np.cos(turn), 1.653 + 0.0065 * np.sin(turn)
    rim = np.stack([x, -0.003 - 0.098 * np.sqrt(1 - (x / 0.077) ** 2), z], axis=1)
    eye = np.array([rim[:4], rim[[0, 3, 4, 5]]])
    return np.concatenate([_loft(_NOSE, 4 + 4 * (fine - 1), fine), eye, eye[:, ::-1] * (-1, 1, 1)])


@lru_cache(maxsize=64)
def _person(stride: float, fine: int) -> tuple[Floats, Floats, Floats]:
    # `stride` is the swing of a walker's legs in degrees; `fine` is 1 for one seen whole, 2 from near, 3 face to face.
    arms, legs, (sides, limb, round_head) = [], [], ((9, 6, 9), (16, 10, 16), (18, 12, 24))[fine - 1]
    rings = min(fine, 2)
    for side, leg in ((-1, -stride), (1, stride)):
        arm = _swung(_swung(_loft(_ARM, limb, rings), 1.11, 12 + 0.5 * abs(stride)), 1.40, -0.8 * leg)
        below = np.concatenate([_loft(_LEG, limb), _loft(_FOOT, 6 if fine == 1 else 8, upright=True)])
        arms.append(arm[:, ::side] * (side, 1, 1))
        legs.append(_swung(_swung(below, 0.49, min(0.0, leg) * 1.1), 0.92, leg)[:, ::side] * (side, 1, 1))
    features, trunk, skull = _features(rings), _loft(_TRUNK, sides, rings), _loft(_SKULL, round_head, fine)
    faces = np.concatenate([*arms, *legs, trunk, skull, features])
    # An arm goes under the trunk where they meet, a skull over its neck, and a face over its skull.
    over = [2 * len(arms[0]), 2 * len(legs[0]) + len(trunk), len(skull), len(features)]
    shade, lift = np.repeat([1, 0.6], [len(faces) - 4, 4]), np.repeat([-0.04, 0, 0.05, 0.07], over)
    return faces - (0, 0, faces[..., 2].min()), shade, lift


def solid(kind: Kind, stride: float = 0.0, fine: int = 1) -> tuple[Floats, Floats, Floats]:
    """Faces of a solid at the origin that looks along -y, how bright each is, and how far (m) it counts as nearer."""
    if kind is PERSON:
        return _person(round(stride, 1), fine)
    size = (0.3, 0.3) if kind is BLOCK else (0.075, 0.05)
    rows = np.concatenate([_BOX, (_BOX * (1, 1, -1, 1, 1) + (0, 0, 1, 0, 0))[::-1]])
    faces = _loft(rows * (1, 1, kind.height, *size) + (0, 0, kind.foot, 0, 0), 28, square=0.16)
    table = _loft(np.array([(0, 0, z, r, r) for z, r in _TABLE]), 40) if kind is OBJECT else faces[:0]
    counts = [len(table), len(faces)]
    return np.concatenate([table, faces]), np.repeat([1.08, 1.0], counts), np.repeat([0.0, 0.4], counts)
