"""Solids made of quadrilaterals: mannequins, blocks and tables.

A solid is an (n, 4, 3) array of faces whose corners run counter-clockwise seen from outside, and an (n,) array of how
bright each face is. A triangle repeats a corner.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from previz.blocking import TABLE, Mark
from previz.camera import Floats

Solid = tuple[Floats, Floats]


def _loft(rings: list[Floats], shade: float = 1.0) -> Solid:
    """A skin over rings of equally many points, each (n, 3)."""
    faces = []
    for low, high in zip(rings, rings[1:], strict=False):
        axis = (low.mean(axis=0) + high.mean(axis=0)) / 2
        band = np.stack([low, np.roll(low, -1, axis=0), np.roll(high, -1, axis=0), high], axis=1)
        normals = np.cross(band[:, 2] - band[:, 0], band[:, 3] - band[:, 1])
        inward = np.einsum("ij,ij->", normals, band.mean(axis=1) - axis) < 0
        flat = low[:, 2].std() < 1e-9 and np.allclose(low[:, 2], high[:, 2])
        if flat:  # a lid: outside is away from the solid's middle
            middle = np.mean([ring.mean(axis=0) for ring in rings], axis=0)
            inward = np.einsum("ij,ij->", normals, np.broadcast_to(axis - middle, normals.shape)) < 0
        faces.append(band[:, ::-1] if inward else band)
    skin = np.concatenate(faces)
    return skin, np.full(len(skin), shade)


def _ring(centre: tuple[float, float, float], wide: float, deep: float, sides: int, *, upright: bool = False) -> Floats:
    """An ellipse in the plane of the floor, or facing the camera when upright."""
    turn = (np.arange(sides) + 0.5) * 2 * math.pi / sides
    flat = np.zeros((sides, 3))
    flat[:, 0], flat[:, 2 if upright else 1] = wide * np.cos(turn), deep * np.sin(turn)
    return flat + np.array(centre)


def _tube(
    points: list[tuple[float, float, float, float]], sides: int, *, upright: bool = False, depth: float = 1.0
) -> Solid:
    """Round rings (x, y, z, radius) along a bent limb."""
    return _loft([_ring((x, y, z), r, r * depth, sides, upright=upright) for x, y, z, r in points])


def _swung(
    x: float, z: float, radius: float, hinge: float, angle: float, y: float = 0.0
) -> tuple[float, float, float, float]:
    """A ring of a limb that swings forwards by `angle` about a hinge at that height."""
    turn, drop = math.radians(angle), hinge - z
    return x, y * math.cos(turn) - drop * math.sin(turn), hinge - drop * math.cos(turn) + y * math.sin(turn), radius


def _head() -> Solid:
    profile = [
        (1.525, 0.030, 0.035, -0.035), (1.545, 0.050, 0.060, -0.026), (1.59, 0.068, 0.086, -0.010),
        (1.645, 0.077, 0.098, 0.004), (1.70, 0.070, 0.090, 0.008), (1.735, 0.045, 0.060, 0.008),
        (1.75, 0.012, 0.016, 0.008),
    ]  # fmt: skip
    skull = _loft([_ring((0, y, z), wide, deep, 14) for z, wide, deep, y in profile])
    bridge, tip, base, wing = (0, -0.088, 1.668), (0, -0.122, 1.612), (0, -0.088, 1.598), 0.017
    left, right = (-wing, -0.086, 1.606), (wing, -0.086, 1.606)
    nose = np.array([[bridge, left, tip, tip], [bridge, tip, right, right], [tip, left, base, right]], dtype=np.float64)
    parts = [skull, (nose, np.array([1.0, 1.0, 0.8]))]
    for side in (-1, 1):
        turn = np.linspace(0, 2 * math.pi, 8, endpoint=False)
        x, z = side * 0.031 + 0.0145 * np.cos(turn), 1.654 + 0.0075 * np.sin(turn)
        # Just in front of the skull's facets, so that a face never hides an eye.
        y = -0.0955 + 0.09 * np.abs(x) - 0.0035
        rim = np.stack([x, y, z], axis=1)
        parts.append((np.stack([rim[[0, 1, 2, 3]], rim[[0, 3, 4, 7]], rim[[4, 5, 6, 7]]]), np.full(3, 0.62)))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


@lru_cache(maxsize=64)
def _person(stride: float) -> Solid:
    """A mannequin facing -y; `stride` is the swing of its legs in degrees, in mid-step when not 0."""
    trunk = [
        (0.83, 0.105, 0.085, 0.0), (0.90, 0.165, 0.112, 0.004), (0.97, 0.166, 0.110, 0.004), (1.09, 0.132, 0.090, 0.0),
        (1.24, 0.165, 0.108, -0.004), (1.36, 0.192, 0.108, 0.004), (1.425, 0.178, 0.082, 0.012), (1.465, 0.085, 0.062, 0.012),
        (1.485, 0.052, 0.052, 0.008), (1.55, 0.050, 0.054, 0.004),
    ]  # fmt: skip
    solids = [_loft([_ring((0, y, z), wide, deep, 12) for z, wide, deep, y in trunk]), _head()]
    for side in (-1, 1):
        arm, leg = -side * stride * 0.8, side * stride
        elbow = 14 + 0.5 * abs(stride)
        x, y, z, _ = _swung(side * 0.252, 1.12, 0.04, 1.40, arm)
        lower = [
            (side * 0.262, y - d * math.sin(math.radians(arm + elbow)), z - d * math.cos(math.radians(arm + elbow)), r)
            for d, r in ((0.0, 0.041), (0.22, 0.030), (0.27, 0.036), (0.36, 0.030), (0.40, 0.010))
        ]
        upper = [
            (side * 0.176, 0.008, 1.437, 0.03),
            (side * 0.212, 0.004, 1.415, 0.052),
            _swung(side * 0.226, 1.33, 0.051, 1.40, arm),
        ]
        solids.append(_tube([*upper, *lower], 7))
        knee_bend = max(0.0, -leg) * 1.1
        kx, ky, kz, _ = _swung(side * 0.10, 0.49, 0.06, 0.92, leg)
        shin = math.radians(leg - knee_bend)
        ankle = (side * 0.105, ky - 0.40 * math.sin(shin) + 0.01, kz - 0.40 * math.cos(shin))
        calf = (side * 0.104, ky - 0.14 * math.sin(shin) + 0.018, kz - 0.14 * math.cos(shin), 0.056)
        thigh = [
            (side * 0.085, 0, 0.93, 0.06),
            _swung(side * 0.09, 0.86, 0.086, 0.92, leg),
            _swung(side * 0.097, 0.68, 0.076, 0.92, leg),
        ]
        solids.append(_tube([*thigh, (kx, ky, kz, 0.057), calf, (*ankle, 0.037)], 8))
        ax, ay, az = ankle
        foot = [
            (0.06, 0.03, 0.022),
            (0.045, 0.046, 0.040),
            (-0.05, 0.046, 0.034),
            (-0.16, 0.043, 0.024),
            (-0.195, 0.022, 0.014),
        ]
        rings = [
            _ring((ax + side * 0.05 * -y, ay + y, az - 0.09 + high + 0.004), wide, high, 8, upright=True)
            for y, wide, high in foot
        ]
        solids.append(_loft(rings))
    faces, shade = np.concatenate([s[0] for s in solids]), np.concatenate([s[1] for s in solids])
    return faces - np.array([0, 0, min(faces[..., 2].min(), 0.06)]), shade


def _rounded(half: float, deep: float, z: float, radius: float) -> Floats:
    corners = [(half, deep, 0), (-half, deep, 90), (-half, -deep, 180), (half, -deep, 270)]
    points = []
    for x, y, start in corners:
        for turn in (0, 30, 60, 90):
            a = math.radians(start + turn)
            points.append(
                (
                    x - math.copysign(radius, x) + radius * math.cos(a),
                    y - math.copysign(radius, y) + radius * math.sin(a),
                    z,
                )
            )
    return np.array(points)


@lru_cache(maxsize=16)
def _box(wide: float, deep: float, foot: float, high: float, radius: float) -> Solid:
    """A box with rounded edges, standing at height `foot`."""
    half, back, r = wide / 2, deep / 2, radius
    levels = [(0.0, 0.35), (r, 0.0), (high - r, 0.0), (high - 0.3 * r, 0.35), (high, 1.0)]
    rings = [
        _rounded(half - inset * r, back - inset * r, foot + z, max(r * (1.4 - inset), 0.002)) for z, inset in levels
    ]
    lid = rings[-1] * (0.001, 0.001, 1.0)
    return _loft([*rings, lid])


def solid_for(mark: Mark, stride: float = 0.0) -> Solid:
    """The solid that stands at a mark, in world coordinates."""
    if mark.kind == "person":
        faces, shade = _person(round(stride, 1))
    elif mark.kind == "block":
        faces, shade = _box(0.6, 0.6, 0.0, mark.height, 0.07)
    else:
        faces, shade = _box(0.15, 0.10, TABLE, mark.height, 0.022)
    turn = math.radians(mark.facing)
    about = np.array([[math.cos(turn), math.sin(turn), 0], [-math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    return faces @ about + np.array([mark.x, mark.y, 0.0]), shade


def table_at(x: float, y: float) -> Solid:
    """A round pedestal table for an object."""
    profile = [(0.0, 0.20), (0.02, 0.20), (0.03, 0.04), (TABLE - 0.05, 0.04), (TABLE - 0.035, 0.36), (TABLE, 0.36)]
    rings = [_ring((x, y, z), r, r, 24) for z, r in profile]
    faces, shade = _loft([*rings, _ring((x, y, TABLE), 0.001, 0.001, 24)])
    return faces, shade * 0.86
