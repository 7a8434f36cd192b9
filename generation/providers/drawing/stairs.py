"""A spiral staircase in a round tower, winding about its newel."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.geometry import Points, array, polygon_box, spline
from generation.providers.drawing.stage import Stage

# Metres, the eye at the origin's height: the newel stands DISTANCE away in steps of radius SHAFT.
_DISTANCE, _WALL, _SHAFT, _NEWEL = 3.2, 2.3, 2.05, 0.17
_STEPS_PER_TURN, _RISE = 15, 0.165
_NEAREST = 1.15
_LENS = 1.08
_FOOTHOLD = 0.27


def _newel_at(aspect: float) -> float:
    """In the middle, but in narrow pictures far enough to the left for someone beside it."""
    return min(aspect * 0.5, max(aspect - 0.56, 0.04))


def foothold(aspect: float) -> float:
    """Where someone stands who climbs, away from the camera and to the right."""
    return _newel_at(aspect) + _FOOTHOLD


class _Shaft:
    def __init__(self, stage: Stage) -> None:
        self._horizon = min(max(stage.horizon, 0.05), 0.9)
        self.middle = _newel_at(stage.aspect)
        #: Over the step someone climbs from, which lies where a full shot sets their feet.
        self.eye = (0.92 - self._horizon) * 2.3 / _LENS

    def __call__(self, angle: float, radius: float, height: float) -> Points:
        depth = max(_DISTANCE + radius * math.sin(angle), 0.7)
        return np.array(
            [
                self.middle + _LENS * radius * math.cos(angle) / depth,
                self._horizon - _LENS * (height - self.eye) / depth,
            ]
        )


def draw_stairs(stage: Stage) -> None:
    shaft = _Shaft(stage)
    _draw_wall(stage, shaft)
    order = []
    for index in range(-_STEPS_PER_TURN, _STEPS_PER_TURN * 3):
        angle = math.radians(-62) + index * math.tau / _STEPS_PER_TURN
        depth = _DISTANCE + _SHAFT * 0.7 * math.sin(angle + math.pi / _STEPS_PER_TURN)
        order.append((depth, index, angle))
    newel_drawn = False
    for depth, index, angle in sorted(order, reverse=True):
        if depth < _DISTANCE and not newel_drawn:
            _draw_newel(stage, shaft)
            newel_drawn = True
        if depth > _NEAREST:
            _draw_step(stage, shaft, angle, index * _RISE, depth)


def _draw_wall(stage: Stage, shaft: _Shaft) -> None:
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), 222)
    bend = np.linspace(-0.78, math.pi + 0.78, 34)
    seams: list[Points] = []
    for course in np.arange(-2.0, 6.0, 0.34):
        ring = np.array([shaft(angle, _WALL, course) for angle in bend])
        if ring[:, 1].max() < top or ring[:, 1].min() > bottom:
            continue
        seams.append(ring)
        for joint in bend[::3]:
            shifted = joint + (0.12 if round(course / 0.34) % 2 else 0.0)
            seams.append(array([shaft(shifted, _WALL, course), shaft(shifted, _WALL, course + 0.34)]))
    canvas.lines(seams, 0.55, pressure=95)
    columns = (np.arange(canvas.tone.shape[1]) - canvas.sheet.pixels(array([(shaft.middle, 0.5)]))[0, 0]) / (
        canvas.sheet.scale * canvas.sheet.supersampling * stage.aspect * 0.5
    )
    roundness = 1 - 0.5 * np.clip(np.abs(columns) - 0.25, 0, 1) ** 1.4
    canvas.tone = (canvas.tone * roundness.astype(np.float32)).astype(np.uint8)
    slit_at = math.pi * 0.5 + rng.choice((-0.55, 0.55))
    slit = array(
        [shaft(slit_at + side, _WALL, high) for side, high in ((-0.07, 2.75), (0.07, 2.75), (0.07, 2.0), (-0.07, 2.0))]
    )
    canvas.fill(slit, min(light.sky_low + 60, 255), shining=True)
    canvas.outline(slit, 1.2)


def _draw_newel(stage: Stage, shaft: _Shaft) -> None:
    canvas = stage.canvas
    _, top, _, bottom = canvas.sheet.extent
    left, right = shaft(math.pi, _NEWEL, 0)[0], shaft(0.0, _NEWEL, 0)[0]
    canvas.fill(polygon_box(left, top, right, bottom), 232)
    canvas.shade(polygon_box(left + (right - left) * 0.55, top, right, bottom), 165)
    canvas.stroke([(left, top), (left, bottom)], 1.2)
    canvas.stroke([(right, top), (right, bottom)], 1.2)


def _draw_step(stage: Stage, shaft: _Shaft, angle: float, height: float, depth: float) -> None:
    canvas = stage.canvas
    turn = math.tau / _STEPS_PER_TURN
    _, top, _, bottom = canvas.sheet.extent
    above = height > shaft.eye
    weight = float(np.interp(depth, (1.2, 5), (1.3, 0.7)))
    ends = (angle, angle + turn * 1.08)
    rims = {
        level: (
            [shaft(ends[0], _NEWEL, level), shaft(ends[0], _SHAFT * 0.97, level)],
            [shaft(ends[0] + turn * share, _SHAFT * 0.97, level) for share in (0.36, 0.72, 1.08)],
        )
        for level in (height, height - _RISE)
    }
    if min(point[1] for point in rims[height][1]) > bottom or max(point[1] for point in rims[height][1]) < top - 0.1:
        return
    upper = array([*rims[height][0], *rims[height][1], shaft(ends[1], _NEWEL, height)])
    lower = array([*rims[height - _RISE][0], *rims[height - _RISE][1], shaft(ends[1], _NEWEL, height - _RISE)])
    if above:
        canvas.fill(lower, 150)
        canvas.hatch(lower, 62, 0.016, pressure=105, weight=0.5)
        canvas.lines([np.vstack([lower, lower[:1]])], weight * 0.8, pressure=200)
    else:
        canvas.shape(upper, 240, weight * 0.8)
    riser = array([upper[0], upper[1], lower[1], lower[0]])
    canvas.fill(riser, 206 if above else 176)
    canvas.outline(riser, weight * 0.8, wobble=0.6)
    if math.sin(angle) < 0.2:
        side = np.vstack([upper[1:5], lower[1:5][::-1]])
        canvas.shape(side, 214, weight * 0.8)
    else:
        canvas.stroke(spline(upper[1:5]), weight * 0.8)
