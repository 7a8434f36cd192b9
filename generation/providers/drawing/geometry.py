"""Curves as arrays of points, in whatever units the caller draws in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
PointLike = Sequence[Sequence[float] | NDArray[Any]] | NDArray[Any]


def array(points: PointLike) -> Points:
    return np.asarray(points, dtype=np.float64).reshape(-1, 2)


def polygon_box(left: float, top: float, right: float, bottom: float) -> Points:
    return array([(left, top), (right, top), (right, bottom), (left, bottom)])


def spline(points: PointLike, *, closed: bool = False, steps: int = 7) -> Points:
    """Catmull-Rom curve through the points."""
    knots = array(points)
    if len(knots) < 3:
        return knots
    if closed:
        padded = np.vstack([knots[-1:], knots, knots[:2]])
    else:
        padded = np.vstack([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0.0, 1.0, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    flat = curve.reshape(-1, 2)
    return flat if closed else np.vstack([flat, knots[-1:]])


def ellipse(
    x: float, y: float, radius_x: float, radius_y: float, *, start: float = 0.0, end: float = 360.0, steps: int = 28
) -> Points:
    """An arc in degrees, clockwise on screen from three o'clock."""
    angles = np.radians(np.linspace(start, end, steps))
    return np.column_stack([x + radius_x * np.cos(angles), y + radius_y * np.sin(angles)])


def tube(joints: PointLike, widths: Sequence[float]) -> tuple[Points, Points]:
    """The two sides of a limb of varying width, both from its root to its tip."""
    bones = array(joints)
    tangents = np.gradient(bones, axis=0)
    lengths = np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-9)
    normals = np.column_stack([-tangents[:, 1], tangents[:, 0]]) / lengths[:, None]
    half = np.asarray(widths)[:, None] / 2
    return spline(bones + normals * half), spline(bones - normals * half)


def without_loop(points: Points) -> Points:
    """The line cut short where it first crosses itself, as the inside of a bent limb does."""
    start, step = points[:-1], np.diff(points, axis=0)
    apart = start[None] - start[:, None]
    turn = step[:, None, 0] * step[None, :, 1] - step[:, None, 1] * step[None, :, 0]
    turn = np.where(np.abs(turn) < 1e-12, np.inf, turn)
    mine = (apart[..., 0] * step[None, :, 1] - apart[..., 1] * step[None, :, 0]) / turn
    other = (apart[..., 0] * step[:, None, 1] - apart[..., 1] * step[:, None, 0]) / turn
    crosses = np.triu((mine > 0) & (mine < 1) & (other > 0) & (other < 1), 2)
    if not crosses.any():
        return points
    first, second = np.argwhere(crosses)[0]
    return np.vstack([points[: first + 1], start[first] + step[first] * mine[first, second], points[second + 1 :]])


def resampled(points: Points, spacing: float, most: int = 48) -> Points:
    steps = np.hypot(*np.diff(points, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    length = along[-1]
    count = int(min(max(length / spacing, 3), most)) + 1
    wanted = np.linspace(0.0, length, count)
    return np.column_stack([np.interp(wanted, along, points[:, 0]), np.interp(wanted, along, points[:, 1])])


def hatch_lines(outline: Points, angle: float, spacing: float, offset: float = 0.0) -> list[Points]:
    """Parallel lines at `angle` degrees that fill the outline."""
    turn = np.radians(angle)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    flat = outline @ rotation.T
    start, end = flat, np.roll(flat, -1, axis=0)
    low, high = flat[:, 1].min(), flat[:, 1].max()
    lines: list[Points] = []
    for level in np.arange(low + spacing * (0.3 + offset), high, spacing):
        crossing = (start[:, 1] <= level) != (end[:, 1] <= level)
        if not crossing.any():
            continue
        a, b = start[crossing], end[crossing]
        at = np.sort(a[:, 0] + (level - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1]))
        for enter, leave in zip(at[0::2], at[1::2], strict=False):
            lines.append(np.array([[enter, level], [leave, level]]) @ rotation)
    return lines
