"""A pinhole camera with a full-frame sensor."""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Point = tuple[float, float, float]
Size = tuple[int, int]

NEAR = 0.08


@dataclass(frozen=True)
class Camera:
    """Where it stands (m), looks (degrees: yaw to the right, pitch up, roll clockwise); lens (mm) and focus (m)."""

    position: Point
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    focal: float = 50.0
    focus: float = 4.0
    f_stop: float = math.inf

    @cached_property
    def axes(self) -> Floats:
        """(3, 3): the unit vectors right, up and forward."""
        yaw, pitch, roll = (math.radians(angle) for angle in (self.yaw, self.pitch, self.roll))
        level = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        forward = np.array([math.cos(pitch) * math.sin(yaw), math.cos(pitch) * math.cos(yaw), math.sin(pitch)])
        upright = np.array([-math.sin(pitch) * math.sin(yaw), -math.sin(pitch) * math.cos(yaw), math.cos(pitch)])
        right = level * math.cos(roll) - upright * math.sin(roll)
        return np.array([right, upright * math.cos(roll) + level * math.sin(roll), forward])

    def aimed(self, aim: Point) -> "Camera":
        x, y, z = (to - at for to, at in zip(aim, self.position, strict=True))
        yaw = math.degrees(math.atan2(x, y)) if math.hypot(x, y) > 1e-6 else self.yaw
        return replace(self, yaw=yaw, pitch=math.degrees(math.atan2(z, math.hypot(x, y))))

    def blur(self, depth: Floats, size: Size) -> Floats:
        """Diameter in pixels of the circle of confusion at a depth in metres."""
        spread = np.abs(1 / np.maximum(depth, NEAR) - 1 / self.focus) / (1000 / self.focal - 1 / self.focus)
        return np.asarray(spread * self.focal / self.f_stop * pixels_per_mm(size))


def pixels_per_mm(size: Size) -> float:
    """The picture is the largest part of the sensor that has its shape."""
    return max(size[0] / 36, size[1] / 24)


def visible_mm(aspect: float) -> tuple[float, float]:
    """Width and height of the part of the sensor that a picture of this shape uses."""
    return min(36, 24 * aspect), min(24, 36 / aspect)


def to_view(camera: Camera, points: Floats) -> Floats:
    """(..., 3) world points as metres right, up and forward of the camera."""
    return np.asarray((points - np.array(camera.position)) @ camera.axes.T)


def to_pixels(camera: Camera, view: Floats, size: Size) -> Floats:
    """(..., 3) points of `to_view`, all in front of the camera, as (..., 2) pixels."""
    scale = camera.focal * pixels_per_mm(size)
    return np.asarray(view[..., :2] / view[..., 2:] * (scale, -scale) + (size[0] / 2, size[1] / 2))


def project(camera: Camera, points: Floats, size: Size) -> Floats:
    """(n, 3) world points as (n, 3): x and y in pixels, depth in metres (negative behind the camera)."""
    view = to_view(camera, np.asarray(points, dtype=np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.concatenate([to_pixels(camera, view, size), view[..., 2:]], axis=-1)
