"""A layer of paper: marker tone, graphite and what they cover, drawn with a slightly unsteady hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generation.providers.drawing import texture
from generation.providers.drawing.geometry import PointLike, Points, array, hatch_lines, resampled
from generation.providers.drawing.texture import Plane

PAPER = 255
_SHIFT = 4
_PENCIL = 0.0037
_FIRM = 235
#: Light falls off so gently that it is worked out for every eighth pixel.
_COARSE = 8


@dataclass(frozen=True)
class Sheet:
    """How picture units become pixels: `view` is the picture, the sheet may reach beyond it on every side."""

    width: int
    height: int
    aspect: float
    scale: float
    left: float
    top: float
    tilt: float = 0.0
    supersampling: float = 1.0

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The box in picture units that covers the whole sheet, tilt included."""
        corners = self._inverse(array([(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]))
        low, high = corners.min(axis=0), corners.max(axis=0)
        return float(low[0]) - 0.02, float(low[1]) - 0.02, float(high[0]) + 0.02, float(high[1]) + 0.02

    def _turn(self, sign: float) -> NDArray[np.float64]:
        angle = math.radians(self.tilt) * sign
        return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])

    def _inverse(self, pixels: Points) -> Points:
        middle = np.array([self.aspect / 2, 0.5])
        units = pixels / self.scale + (self.left, self.top)
        return np.asarray((units - middle) @ self._turn(-1).T + middle, dtype=np.float64)

    def pixels(self, points: Points) -> Points:
        """Where the points fall on the supersampled sheet."""
        if self.tilt:
            middle = np.array([self.aspect / 2, 0.5])
            points = (points - middle) @ self._turn(1).T + middle
        return (points - (self.left, self.top)) * (self.scale * self.supersampling)


class Canvas:
    """`exposure` darkens every marker tone except what shines by itself; `line` scales every pencil line."""

    def __init__(self, sheet: Sheet, seed: int, *, exposure: float = 1.0, transparent: bool = False) -> None:
        size = (round(sheet.height * sheet.supersampling), round(sheet.width * sheet.supersampling))
        self.sheet = sheet
        self.exposure = exposure
        self.random = random.Random(seed)
        self.tone: Plane = np.full(size, PAPER, np.uint8)
        self.graphite: Plane = np.zeros(size, np.uint8)
        self.cover: Plane | None = np.zeros(size, np.uint8) if transparent else None
        self.line = 1.0
        self._bend: Callable[[Points], Points] | None = None

    @contextmanager
    def foreshortened(self, axis: float, far: float, near: float, amount: float) -> Iterator[None]:
        """What is drawn inside shrinks about `axis` towards `far` and grows towards `near` (both heights)."""

        def bend(points: Points) -> Points:
            depth = (points[:, 1] - far) / (near - far)
            grow = 1 + amount * (depth - 0.5)
            squeezed = near + (far - near) * (1 - depth) * (1 + amount * 0.35 * depth)
            return np.column_stack([axis + (points[:, 0] - axis) * grow, squeezed])

        before, self._bend = self._bend, bend if amount else self._bend
        try:
            yield
        finally:
            self._bend = before

    def _fixed_point(self, points: Points) -> NDArray[np.int32]:
        if self._bend is not None:
            points = self._bend(points)
        return np.round(self.sheet.pixels(points) * (1 << _SHIFT)).astype(np.int32)

    def fill(self, outline: PointLike, tone: float, *, shining: bool = False) -> None:
        """Opaque marker: hides whatever was drawn there before."""
        level = round(min(max(tone if shining else tone * self.exposure, 0), 255))
        shape = [self._fixed_point(array(outline))]
        cv2.fillPoly(self.tone, shape, level, cv2.LINE_AA, _SHIFT)
        cv2.fillPoly(self.graphite, shape, 0, cv2.LINE_AA, _SHIFT)
        if self.cover is not None:
            cv2.fillPoly(self.cover, shape, 255, cv2.LINE_AA, _SHIFT)

    def shade(self, outline: PointLike, tone: float, within: PointLike | None = None) -> None:
        """Marker over what is there: keeps the pencil lines, never lightens. `within` clips it to another outline."""
        level = round(min(max(tone * self.exposure, 0), 255))
        shape = self._fixed_point(array(outline))
        box = cv2.boundingRect(shape >> _SHIFT)
        left, top = max(box[0] - 2, 0), max(box[1] - 2, 0)
        right, bottom = min(box[0] + box[2] + 2, self.tone.shape[1]), min(box[1] + box[3] + 2, self.tone.shape[0])
        if left >= right or top >= bottom:
            return
        corner = np.array([left, top], np.int32) << _SHIFT
        patch = np.full((bottom - top, right - left), 255, np.uint8)
        cv2.fillPoly(patch, [shape - corner], level, cv2.LINE_AA, _SHIFT)
        if within is not None:
            outside = np.full_like(patch, 255)
            cv2.fillPoly(outside, [self._fixed_point(array(within)) - corner], 0, cv2.LINE_AA, _SHIFT)
            patch = np.maximum(patch, outside)
        region = self.tone[top:bottom, left:right]
        np.minimum(region, patch, out=region)

    def glow(self, spot: Sequence[float] | NDArray[np.float64], radius: float, amount: float) -> None:
        """Light that falls off from a spot: lifts what is there towards bare paper by up to `amount`."""
        unit = self.sheet.scale * self.sheet.supersampling
        middle = self.sheet.pixels(array([spot]))[0]
        left, top = np.maximum(np.floor(middle - radius * unit).astype(int), 0)
        right, bottom = np.ceil(middle + radius * unit).astype(int)
        region = self.tone[top : max(bottom, 0), left : max(right, 0)]
        if not region.size:
            return
        high, wide = region.shape
        rows = (np.linspace(0, high, high // _COARSE + 2, dtype=np.float32) + (top - middle[1])) / (radius * unit)
        columns = (np.linspace(0, wide, wide // _COARSE + 2, dtype=np.float32) + (left - middle[0])) / (radius * unit)
        near = np.maximum(1 - rows[:, None] ** 2 - columns[None, :] ** 2, 0)
        coarse = np.round(near * near * (255 * amount)).astype(np.uint8)
        self._lift(region, np.asarray(cv2.resize(coarse, (wide, high)), dtype=np.uint8))

    def beam(self, outline: PointLike, amount: float) -> None:
        """Light of one strength within an outline."""
        mask = np.zeros_like(self.tone)
        cv2.fillPoly(mask, [self._fixed_point(array(outline))], round(255 * amount), cv2.LINE_AA, _SHIFT)
        left, top, wide, high = cv2.boundingRect(mask)
        part = np.s_[top : top + high, left : left + wide]
        if high:
            self._lift(self.tone[part], mask[part])

    @staticmethod
    def _lift(region: Plane, strength: Plane) -> None:
        cv2.add(region, cv2.multiply(cv2.bitwise_not(region), strength, scale=1 / 255), region)

    def stroke(
        self, points: PointLike, weight: float = 1.0, *, pressure: int = _FIRM, wobble: float = 1.0, taper: float = 0.6
    ) -> None:
        """One pencil line whose width follows the hand's pressure."""
        polygon = self._stroke_polygon(array(points), weight, wobble, taper)
        cv2.fillPoly(self.graphite, [polygon], pressure, cv2.LINE_AA, _SHIFT)
        if self.cover is not None:
            cv2.fillPoly(self.cover, [polygon], 255, cv2.LINE_AA, _SHIFT)

    def outline(self, points: PointLike, weight: float = 1.0, *, pressure: int = _FIRM, wobble: float = 1.0) -> None:
        """A closed line, put down in two strokes that meet with a little overlap."""
        ring = array(points)
        start = self.random.randrange(len(ring))
        ring = np.roll(ring, -start, axis=0)
        half = len(ring) // 2
        self.stroke(ring[: half + 1], weight, pressure=pressure, wobble=wobble, taper=0.35)
        self.stroke(np.vstack([ring[half:], ring[:2]]), weight, pressure=pressure, wobble=wobble, taper=0.35)

    def shape(self, points: PointLike, tone: float, weight: float = 1.0, *, pressure: int = _FIRM) -> None:
        self.fill(points, tone)
        self.outline(points, weight, pressure=pressure)

    def chalk(self, points: PointLike, weight: float = 1.0, tone: float = PAPER, *, wobble: float = 1.0) -> None:
        """White gouache: takes tone and graphite away."""
        polygon = self._stroke_polygon(array(points), weight, wobble, 0.7)
        cv2.fillPoly(self.tone, [polygon], tone, cv2.LINE_AA, _SHIFT)
        cv2.fillPoly(self.graphite, [polygon], 0, cv2.LINE_AA, _SHIFT)
        if self.cover is not None:
            cv2.fillPoly(self.cover, [polygon], 255, cv2.LINE_AA, _SHIFT)

    def hatch(
        self, outline: PointLike, angle: float, spacing: float, *, pressure: int = 130, weight: float = 0.6
    ) -> None:
        lines = hatch_lines(array(outline), angle, spacing)
        self.lines([line + self._jitter(spacing * 0.25) for line in lines], weight, pressure=pressure)

    def lines(self, segments: Sequence[PointLike], weight: float = 0.6, *, pressure: int = 150) -> None:
        """Many light lines at once, without the care of `stroke`."""
        if not len(segments):
            return
        thickness = max(1, round(weight * self.line * _PENCIL * self.sheet.scale * self.sheet.supersampling))
        shapes = [self._fixed_point(array(segment)) for segment in segments]
        cv2.polylines(self.graphite, shapes, False, pressure, thickness, cv2.LINE_AA, _SHIFT)
        if self.cover is not None:
            cv2.polylines(self.cover, shapes, False, 255, thickness, cv2.LINE_AA, _SHIFT)

    def gradient(self, top: float, bottom: float, high_tone: float, low_tone: float) -> None:
        """A wash across the whole sheet from one height to another; follows the tilt only by its middle."""
        middle = self.sheet.aspect / 2
        ends = self.sheet.pixels(array([(middle, top), (middle, bottom)]))[:, 1]
        rows = np.arange(self.tone.shape[0])
        wash = np.interp(rows, ends, (high_tone, low_tone))
        region = (rows >= ends[0]) & (rows <= ends[1])
        self.tone[region] = np.round(wash[region]).astype(np.uint8)[:, None]

    def soften(self, pencil: float, blur: float) -> None:
        """Push what is drawn so far into the distance: fainter pencil, blurred by picture units."""
        if pencil < 1:
            self.graphite = np.asarray(cv2.convertScaleAbs(self.graphite, alpha=pencil), dtype=np.uint8)
        radius = blur * self.sheet.scale * self.sheet.supersampling
        if radius >= 0.5:
            side = round(radius) * 2 + 1
            self.graphite = np.asarray(cv2.blur(self.graphite, (side, side)), dtype=np.uint8)
            self.tone = np.asarray(cv2.blur(self.tone, (side, side)), dtype=np.uint8)

    def level(self) -> Plane:
        """The developed grey picture at sheet size: 255 is bare paper, 0 the darkest graphite."""
        width, height = self.sheet.width, self.sheet.height
        tone = cv2.resize(self.tone, (width, height), interpolation=cv2.INTER_AREA)
        graphite = cv2.resize(self.graphite, (width, height), interpolation=cv2.INTER_AREA)
        marker = cv2.multiply(cv2.bitwise_not(tone), texture.marker_streaks(width, height), scale=1 / 200)
        pencil = cv2.multiply(graphite, texture.tooth(width, height), scale=1 / 255)
        left = cv2.bitwise_not(marker)
        lit = cv2.multiply(left, cv2.bitwise_not(pencil), scale=1 / 255)
        return np.asarray(lit, dtype=np.uint8)

    def alpha(self) -> Plane:
        if self.cover is None:
            return np.full((self.sheet.height, self.sheet.width), 255, np.uint8)
        size = (self.sheet.width, self.sheet.height)
        return np.asarray(cv2.resize(self.cover, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)

    def _jitter(self, amount: float) -> tuple[float, float]:
        return self.random.uniform(-amount, amount), self.random.uniform(-amount, amount)

    def _stroke_polygon(self, points: Points, weight: float, wobble: float, taper: float) -> NDArray[np.int32]:
        path = resampled(points, 0.011)
        along = np.linspace(0.0, 1.0, len(path))
        length = float(np.hypot(*(path[-1] - path[0]))) + 0.05
        amplitude = wobble * min(0.0022, length * 0.012)
        phase = [self.random.uniform(0, math.tau) for _ in range(4)]
        waves = 1.5 + length * 7
        path[:, 0] += amplitude * np.sin(along * waves + phase[0])
        path[:, 1] += amplitude * np.sin(along * waves * 1.31 + phase[1])
        tangents = np.gradient(path, axis=0)
        normals = np.column_stack([-tangents[:, 1], tangents[:, 0]])
        normals /= np.maximum(np.hypot(tangents[:, 0], tangents[:, 1]), 1e-9)[:, None]
        pressed = 1 - taper * np.abs(2 * along - 1) ** 2.5 + 0.18 * np.sin(along * waves * 2 + phase[2])
        half = (weight * self.line * _PENCIL / 2) * np.maximum(pressed, 0.12)
        polygon = np.vstack([path + normals * half[:, None], (path - normals * half[:, None])[::-1]])
        return self._fixed_point(polygon)
