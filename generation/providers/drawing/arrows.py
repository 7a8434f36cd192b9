"""Camera moves in storyboard convention: red arrows over the picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np

from generation.providers.drawing.canvas import Sheet
from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, resampled, spline
from generation.providers.drawing.light import Colour
from generation.providers.drawing.texture import Plane

ACCENT: Colour = (206, 62, 38)
_HALO: Colour = (255, 252, 246)
_SHIFT = 4

Marks = list[Points]


def _arrow(path: PointLike, width: float, *, grow: float = 1.0, both: bool = False) -> Points:
    """A block arrow along the path; `grow` is its width at the tip relative to the tail."""
    line = resampled(array(path), 0.012, most=60)
    tangents = np.gradient(line, axis=0)
    normals = np.column_stack([-tangents[:, 1], tangents[:, 0]])
    normals /= np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-9)[:, None]
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    head = min(width * grow * 2.1, length * 0.45)
    body = max(3, round(len(line) * (1 - head / length)))
    start = len(line) - body if both else 0
    half = (width / 2) * np.linspace(1.0, grow, len(line))[:, None]
    left, right = line - normals * half, line + normals * half
    barbs = 2.3
    tip_left = line[body - 1] - normals[body - 1] * half[body - 1] * barbs
    tip_right = line[body - 1] + normals[body - 1] * half[body - 1] * barbs
    tail: Points = np.empty((0, 2))
    if both:
        tail = array(
            [
                line[start] + normals[start] * half[start] * barbs,
                line[0],
                line[start] - normals[start] * half[start] * barbs,
            ]
        )
    return np.vstack([left[start:body], [tip_left, line[-1], tip_right], right[start:body][::-1], tail])


def _slim(aspect: float) -> float:
    """Widths are in picture heights, of which a narrow picture has more than it can carry."""
    return float(np.interp(aspect, (0.55, 1.2), (0.50, 1.0)))


def _across(aspect: float, direction: int, bow: float) -> Points:
    half = min(0.30, aspect * 0.30)
    middle = aspect / 2
    return spline(
        [(middle - half * direction, 0.885 + bow), (middle, 0.885 - bow), (middle + half * direction, 0.885 + bow)]
    )


def _pan(direction: int) -> Callable[[float], Marks]:
    return lambda aspect: [_arrow(_across(aspect, direction, 0.022), 0.034 * _slim(aspect))]


def _truck(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        path, slim = _across(aspect, direction, 0.0), _slim(aspect)
        tail = path[0]
        rails = [
            array(
                [
                    tail + np.array([-direction * dx, -0.030]) * slim,
                    tail + np.array([-direction * (dx + 0.013), -0.030]) * slim,
                    tail + np.array([-direction * (dx + 0.013), 0.030]) * slim,
                    tail + np.array([-direction * dx, 0.030]) * slim,
                ]
            )
            for dx in (0.018, 0.046)
        ]
        return [_arrow(path, 0.040 * slim), *rails]

    return marks


def _tilt(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        x = aspect - 0.085
        return [
            _arrow(
                spline([(x, 0.5 + 0.20 * direction), (x + 0.022, 0.5), (x, 0.5 - 0.20 * direction)]),
                0.034 * _slim(aspect),
            )
        ]

    return marks


def _crane(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        x = aspect - 0.09
        low, high = (x - 0.13, 0.88), (x, 0.14)
        path = spline([low, (x - 0.035, 0.78), (x, 0.50), high])
        if direction < 0:
            path = path[::-1]
        width = (0.028 if direction > 0 else 0.044) * _slim(aspect)
        return [_arrow(path, width, grow=1.6 if direction > 0 else 0.7)]

    return marks


def _dolly(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        middle = aspect / 2
        found = []
        for side in (-1, 1):
            outer = (middle + side * aspect * 0.43, 0.94)
            inner = (middle + side * aspect * 0.23, 0.68)
            ends = (outer, inner) if direction > 0 else (inner, outer)
            width = (0.058 if direction > 0 else 0.026) * _slim(aspect)
            found.append(_arrow(ends, width, grow=0.45 if direction > 0 else 2.2))
        return found

    return marks


def _zoom(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        found: Marks = []
        middle = np.array([aspect / 2, 0.5])
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            outer, inner = middle + (x * aspect * 0.455, y * 0.44), middle + (x * aspect * 0.365, y * 0.335)
            found.append(_arrow((outer, inner) if direction > 0 else (inner, outer), 0.028 * _slim(aspect)))
            corner = middle + (x * aspect * 0.335, y * 0.30)
            for dx, dy in ((-x * 0.07, 0), (0, -y * 0.07)):
                end = corner + (dx, dy)
                across = np.array([0.004, 0.0]) if dx == 0 else np.array([0.0, 0.004])
                found.append(array([corner - across, end - across, end + across, corner + across]))
        return found

    return marks


def _orbit(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        arc = ellipse(aspect / 2, 0.80, min(0.36, aspect * 0.36), 0.115, start=205, end=-25, steps=60)
        return [_arrow(arc if direction > 0 else arc[::-1], 0.034 * _slim(aspect), grow=1.0)]

    return marks


def _handheld(aspect: float) -> Marks:
    half = min(0.26, aspect * 0.26)
    xs = np.linspace(-half, half, 70)
    waves = 0.022 * np.sin(xs / half * math.pi * 2.5) * np.minimum(1, (1 - np.abs(xs) / half) * 5)
    return [_arrow(np.column_stack([aspect / 2 + xs, 0.885 + waves]), 0.024 * _slim(aspect), both=True)]


def _whip_pan(aspect: float) -> Marks:
    path, slim = _across(aspect, 1, 0.022), _slim(aspect)
    streaks = []
    for index, dy in enumerate((-0.045, 0.045)):
        start = path[0] + np.array([0.02 * index, dy * slim])
        end = start + np.array([min(0.24, aspect * 0.22), 0.0])
        streaks.append(array([start, end, end + (0.0, 0.007), start + (0.0, 0.007)]))
    return [_arrow(path, 0.020 * slim, grow=2.6), *streaks]


def _roll(aspect: float) -> Marks:
    arc = ellipse(aspect / 2, 0.5, min(0.40, aspect * 0.40), 0.40, start=-150, end=-30, steps=60)
    return [_arrow(arc, 0.032 * _slim(aspect))]


def _pedestal(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        x, slim = aspect - 0.085, _slim(aspect)
        base = 0.5 + 0.24 * direction
        foot = array([(x - 0.035, base), (x + 0.035, base), (x + 0.035, base + 0.012), (x - 0.035, base + 0.012)])
        return [_arrow(((x, base - 0.02 * direction), (x, 0.5 - 0.20 * direction)), 0.040 * slim), foot]

    return marks


def _follow(direction: int) -> Callable[[float], Marks]:
    def marks(aspect: float) -> Marks:
        middle, slim = aspect / 2, _slim(aspect)
        ends = ((middle, 0.95), (middle, 0.76))
        if direction < 0:
            ends = (ends[1], ends[0])
        steps = [
            ellipse(middle + side * 0.055 * slim, y, 0.012 * slim, 0.020 * slim)
            for side, y in ((-1, 0.90), (1, 0.84), (-1, 0.78))
        ]
        return [_arrow(ends, 0.034 * slim), *steps]

    return marks


def _fly_over(aspect: float) -> Marks:
    middle, slim = aspect / 2, _slim(aspect)
    path = spline([(middle - aspect * 0.36, 0.20), (middle - aspect * 0.05, 0.12), (middle + aspect * 0.30, 0.30)])
    return [_arrow(path, 0.026 * slim, grow=1.8)]


def _crash_zoom(aspect: float) -> Marks:
    middle = np.array([aspect / 2, 0.5])
    return [
        _arrow((middle + (x * aspect * 0.46, y * 0.45), middle + (x * aspect * 0.26, y * 0.25)), 0.05 * _slim(aspect))
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]


def _steadicam(aspect: float) -> Marks:
    half = min(0.28, aspect * 0.28)
    middle = aspect / 2
    path = spline(
        [(middle - half, 0.90), (middle - half * 0.4, 0.87), (middle + half * 0.4, 0.90), (middle + half, 0.85)]
    )
    return [_arrow(path, 0.030 * _slim(aspect))]


MARKS: Mapping[str, Callable[[float], Marks]] = {
    "static": lambda aspect: [],
    "pan-left": _pan(-1),
    "pan-right": _pan(1),
    "whip-pan": _whip_pan,
    "tilt-up": _tilt(1),
    "tilt-down": _tilt(-1),
    "roll": _roll,
    "dolly-in": _dolly(1),
    "dolly-out": _dolly(-1),
    "truck-left": _truck(-1),
    "truck-right": _truck(1),
    "pedestal-up": _pedestal(1),
    "pedestal-down": _pedestal(-1),
    "zoom-in": _zoom(1),
    "zoom-out": _zoom(-1),
    "crane-up": _crane(1),
    "crane-down": _crane(-1),
    "orbit-left": _orbit(-1),
    "orbit-right": _orbit(1),
    "follow": _follow(1),
    "lead": _follow(-1),
    "fly-over": _fly_over,
    "crash-zoom": _crash_zoom,
    "dolly-zoom": lambda aspect: [*_dolly(1)(aspect), *_zoom(-1)(aspect)],
    "handheld": _handheld,
    "steadicam": _steadicam,
}


def draw_arrow(picture: Plane, sheet: Sheet, camera_move: str) -> None:
    """Over an RGB picture, in place; a move it does not know leaves no mark."""
    marks = MARKS.get(camera_move, MARKS["static"])(sheet.aspect)
    if not marks:
        return
    upright = Sheet(sheet.width, sheet.height, sheet.aspect, sheet.scale, sheet.left, sheet.top, supersampling=2)
    shapes = [upright.pixels(points) for points in marks]
    everything = np.vstack(shapes)
    margin = 0.02 * upright.scale * 2
    low = np.floor((everything.min(axis=0) - margin) / 2).astype(int)
    high = np.ceil((everything.max(axis=0) + margin) / 2).astype(int)
    left, top = max(int(low[0]), 0), max(int(low[1]), 0)
    right, bottom = min(int(high[0]), sheet.width), min(int(high[1]), sheet.height)
    size = ((bottom - top) * 2, (right - left) * 2)
    halo, ink = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    fixed = [np.round((shape - (left * 2, top * 2)) * (1 << _SHIFT)).astype(np.int32) for shape in shapes]
    thickness = max(2, round(0.010 * upright.scale * 2 * _slim(sheet.aspect)))
    cv2.polylines(halo, fixed, True, 255, thickness, cv2.LINE_AA, _SHIFT)
    for shape in fixed:
        cv2.fillPoly(ink, [shape], 255, cv2.LINE_AA, _SHIFT)
    for mask, colour, strength in ((halo, _HALO, 0.9), (ink, ACCENT, 0.93)):
        small = cv2.resize(mask, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        alpha = (small.astype(np.float32) * (strength / 255))[..., None]
        region = picture[top:bottom, left:right]
        region[:] = (region + (np.array(colour, np.float32) - region) * alpha).astype(np.uint8)
