"""A camera that moves over a photo: where it looks at the start and at the end of a move, and how it gets there.

Frames are written straight into the planes of a yuv420p (BT.709, limited range) frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

#: Photo pixels per pixel of the clip: enough for a zoom to stay crisp, too little for bilinear sampling to shimmer.
RESOLUTION = 1.15

Matrix = NDArray[np.float64]
Plane = NDArray[np.uint8]

_BT709 = np.array(
    [
        [0.2126 * 219 / 255, 0.7152 * 219 / 255, 0.0722 * 219 / 255, 16],
        [-0.1146 * 224 / 255, -0.3854 * 224 / 255, 0.5 * 224 / 255, 128],
        [0.5 * 224 / 255, -0.4542 * 224 / 255, -0.0458 * 224 / 255, 128],
    ],
    dtype=np.float32,
)
_LUMA_FROM_CHROMA = np.array([[2, 0, 0.5], [0, 2, 0.5], [0, 0, 1]])
_CHROMA_FROM_LUMA = np.linalg.inv(_LUMA_FROM_CHROMA)


@dataclass(frozen=True)
class View:
    """Where the camera points: `x` in picture widths, `y` in picture heights, `roll` in degrees.

    `yaw` and `pitch` keystone the picture.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


_STILL = View()


@dataclass(frozen=True)
class Move:
    """`overscan` is how much larger than the clip the photo must be, so that the camera never sees past its edge."""

    start: View = _STILL
    end: View = _STILL
    overscan: float = 1.0
    sways: bool = False


MOVES: Mapping[str, Move] = {
    "static": Move(),
    "pan-left": Move(View(x=0.13), View(x=-0.13), overscan=1.27),
    "pan-right": Move(View(x=-0.13), View(x=0.13), overscan=1.27),
    "whip-pan": Move(View(x=-0.30), View(x=0.30), overscan=1.62),
    "tilt-up": Move(View(y=0.12), View(y=-0.12), overscan=1.25),
    "tilt-down": Move(View(y=-0.12), View(y=0.12), overscan=1.25),
    "roll": Move(View(roll=-7.0), View(roll=7.0), overscan=1.25),
    "dolly-in": Move(View(), View(zoom=1.20, pitch=0.02), overscan=1.02),
    "dolly-out": Move(View(zoom=1.20, pitch=0.02), View(), overscan=1.02),
    "truck-left": Move(View(x=0.08), View(x=-0.08), overscan=1.17),
    "truck-right": Move(View(x=-0.08), View(x=0.08), overscan=1.17),
    "pedestal-up": Move(View(y=0.09), View(y=-0.09), overscan=1.19),
    "pedestal-down": Move(View(y=-0.09), View(y=0.09), overscan=1.19),
    "zoom-in": Move(View(), View(zoom=1.36)),
    "zoom-out": Move(View(zoom=1.36), View()),
    "crane-up": Move(View(y=0.09, pitch=-0.05), View(y=-0.09, pitch=0.05), overscan=1.26),
    "crane-down": Move(View(y=-0.09, pitch=0.05), View(y=0.09, pitch=-0.05), overscan=1.26),
    "orbit-left": Move(View(x=-0.055, yaw=0.075), View(x=0.055, yaw=-0.075), overscan=1.29),
    "orbit-right": Move(View(x=0.055, yaw=-0.075), View(x=-0.055, yaw=0.075), overscan=1.29),
    "follow": Move(View(), View(zoom=1.22), overscan=1.02),
    "lead": Move(View(zoom=1.22), View(), overscan=1.02),
    "fly-over": Move(View(y=0.09, pitch=-0.04), View(y=-0.05, zoom=1.24, pitch=0.03), overscan=1.26),
    "crash-zoom": Move(View(), View(zoom=1.85)),
    "dolly-zoom": Move(View(zoom=1.30), View(), overscan=1.02),
    "handheld": Move(overscan=1.08, sways=True),
    "steadicam": Move(View(x=-0.03), View(x=0.03, zoom=1.10), overscan=1.08),
}

#: Sums of slow waves as (cycles per second, amplitude, phase); nothing above 1.3 Hz, so the picture never jitters.
_SWAY_X = ((0.23, 0.0062, 0.4), (0.61, 0.0034, 2.1), (1.13, 0.0011, 4.0))
_SWAY_Y = ((0.31, 0.0058, 1.3), (0.74, 0.0036, 0.2), (1.27, 0.0012, 5.1))
_SWAY_ROLL = ((0.19, 0.20, 2.6), (0.53, 0.10, 0.9))

_SETTLING_SECONDS = 3.5


class Camera:
    def __init__(self, camera_move: str, seconds: float) -> None:
        self.move = MOVES.get(camera_move, MOVES["static"])
        self._seconds = seconds
        #: Short clips travel less, long ones no further than the table says.
        self._travel = 1 - math.exp(-seconds / _SETTLING_SECONDS)

    @property
    def moves(self) -> bool:
        return self.move.sways or self.move.start != self.move.end

    def at(self, fraction: float) -> View:
        """Eased: starts and stops gently."""
        if self.move.sways:
            now = fraction * self._seconds
            return View(x=_wave(_SWAY_X, now), y=_wave(_SWAY_Y, now), roll=_wave(_SWAY_ROLL, now))
        eased = fraction * fraction * (3 - 2 * fraction)
        values = {}
        for field in fields(View):
            start, end, rest = (getattr(view, field.name) for view in (self.move.start, self.move.end, _STILL))
            values[field.name] = rest + self._travel * (start + (end - start) * eased - rest)
        return View(**values)


def _wave(waves: tuple[tuple[float, float, float], ...], now: float) -> float:
    return sum(size * math.sin(math.tau * pace * now + phase) for pace, size, phase in waves)


def sheet_from_picture(view: View, picture: tuple[int, int], sheet: tuple[int, int], overscan: float) -> Matrix:
    """The homography from a pixel of the picture to the pixel of the sheet it shows."""
    width, height = picture
    resolution = sheet[0] / (width * overscan)
    to_units = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, height]]) / height
    keystone = np.array([[1, 0, 0], [0, 1, 0], [view.yaw, view.pitch, 1]])
    angle = math.radians(view.roll)
    cosine, sine = math.cos(angle) / view.zoom, math.sin(angle) / view.zoom
    framing = np.array([[cosine, -sine, view.x * width / height], [sine, cosine, view.y], [0, 0, 1]])
    scale = resolution * height
    to_sheet = np.array([[scale, 0, (sheet[0] - 1) / 2], [0, scale, (sheet[1] - 1) / 2], [0, 0, 1]])
    return np.asarray(to_sheet @ framing @ keystone @ to_units, dtype=np.float64)


@dataclass(frozen=True)
class Planes:
    """The three planes of a frame; chroma is half as wide and half as high."""

    y: Plane
    u: Plane
    v: Plane

    def copy_from(self, other: Planes) -> None:
        for mine, theirs in zip((self.y, self.u, self.v), (other.y, other.u, other.v), strict=True):
            mine[:] = theirs


def planes_from_rgb(rgb: Plane) -> Planes:
    height, width = rgb.shape[0] // 2 * 2, rgb.shape[1] // 2 * 2
    even = np.ascontiguousarray(rgb[:height, :width])
    luma = cv2.transform(even, _BT709[:1])
    half = cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    chroma = cv2.transform(half, _BT709[1:])
    return Planes(_plane(luma.reshape(height, width)), _plane(chroma[..., 0]), _plane(chroma[..., 1]))


def _plane(values: NDArray[Any]) -> Plane:
    return np.ascontiguousarray(values, dtype=np.uint8)


class MovingPhoto:
    """A flat picture in full colour that fills the frame at the camera's widest."""

    def __init__(self, rgb: NDArray[np.uint8], picture: tuple[int, int], camera: Camera) -> None:
        self._planes = planes_from_rgb(rgb)
        self._picture = picture
        self._camera = camera
        self._sheet = self._planes.y.shape[1], self._planes.y.shape[0]

    def write_frame(self, fraction: float, into: Planes) -> None:
        view = self._camera.at(fraction)
        luma = sheet_from_picture(view, self._picture, self._sheet, self._camera.move.overscan)
        chroma = _CHROMA_FROM_LUMA @ luma @ _LUMA_FROM_CHROMA
        _warp(self._planes.y, luma, into.y)
        _warp(self._planes.u, chroma, into.u)
        _warp(self._planes.v, chroma, into.v)


def _warp(source: Plane, source_from_target: Matrix, target: Plane) -> None:
    size = target.shape[1], target.shape[0]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if source_from_target[2, 0] == 0 and source_from_target[2, 1] == 0:
        affine = source_from_target[:2] / source_from_target[2, 2]
        cv2.warpAffine(source, affine, size, target, flags, cv2.BORDER_REPLICATE)
    else:
        cv2.warpPerspective(source, source_from_target, size, target, flags, cv2.BORDER_REPLICATE)
