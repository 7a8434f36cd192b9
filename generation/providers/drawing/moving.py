"""Pictures a camera can move over, written straight into the planes of a yuv420p (BT.709, limited range) frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from generation.providers.drawing.camera import Camera, Matrix, sheet_from_picture
from generation.providers.drawing.panel import Layers
from generation.providers.drawing.texture import Plane

#: Artwork pixels per picture pixel: enough for a zoom to stay crisp, too little for bilinear sampling to shimmer.
RESOLUTION = 1.15

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
class Planes:
    """The three planes of a frame, or of a part of it; chroma is half as wide and half as high."""

    y: Plane
    u: Plane
    v: Plane

    def rows(self, start: int, stop: int) -> Planes:
        return Planes(self.y[start:stop], self.u[start // 2 : stop // 2], self.v[start // 2 : stop // 2])

    def columns(self, start: int, stop: int) -> Planes:
        return Planes(self.y[:, start:stop], self.u[:, start // 2 : stop // 2], self.v[:, start // 2 : stop // 2])

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


class MovingPicture(Protocol):
    def photograph(self, fraction: float, into: Planes) -> None:
        """Write the picture as the camera sees it at that fraction of the clip; `into` may be its upper part only."""


class MovingPhoto:
    """A flat picture in full colour that fills the frame at the camera's widest."""

    def __init__(self, rgb: NDArray[np.uint8], picture: tuple[int, int], camera: Camera) -> None:
        self._planes = planes_from_rgb(rgb)
        self._picture = picture
        self._camera = camera
        self._sheet = self._planes.y.shape[1], self._planes.y.shape[0]

    def photograph(self, fraction: float, into: Planes) -> None:
        view = self._camera.at(fraction)
        luma = sheet_from_picture(view, self._picture, self._sheet, self._camera.move.overscan)
        chroma = _CHROMA_FROM_LUMA @ luma @ _LUMA_FROM_CHROMA
        _warp(self._planes.y, luma, into.y)
        _warp(self._planes.u, chroma, into.u)
        _warp(self._planes.v, chroma, into.v)


class MovingArtwork:
    """A drawing: its colour follows from its grey level, so only levels are warped; the subject may move by itself."""

    def __init__(self, layers: Layers, picture: tuple[int, int], camera: Camera) -> None:
        self._picture = picture
        self._camera = camera
        self._sheet = layers.sheet.width, layers.sheet.height
        levels = np.arange(256, dtype=np.uint8)[None]
        ramp = cv2.transform(layers.in_colour(levels), _BT709).reshape(256, 3)
        self._luma_of_level = _plane(ramp[:, 0])
        by_luma = np.interp(np.arange(256)[:, None], ramp[:, 0], np.arange(256)).reshape(256)
        self._u_of_luma = _plane(ramp[np.round(by_luma).astype(int), 1])
        self._v_of_luma = _plane(ramp[np.round(by_luma).astype(int), 2])
        self._subject: Plane | None = None
        if camera.layered and layers.cover.any():
            self._backdrop = _plane(self._luma_of_level[layers.backdrop])
            box = cv2.boundingRect(layers.cover)
            left, top = max(box[0] - 1, 0), max(box[1] - 1, 0)
            part = np.s_[top : box[1] + box[3] + 1, left : box[0] + box[2] + 1]
            cover = np.ascontiguousarray(layers.cover[part])
            luma = self._luma_of_level[layers.subject[part]]
            self._subject = _plane(cv2.multiply(luma, cover, scale=1 / 255))
            self._uncovered = _plane(cv2.bitwise_not(cover))
            self._corner = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], dtype=np.float64)
        else:
            self._backdrop = _plane(self._luma_of_level[layers.flattened()])

    def photograph(self, fraction: float, into: Planes) -> None:
        view = self._camera.at(fraction)
        overscan = self._camera.move.overscan
        _warp(self._backdrop, sheet_from_picture(view, self._picture, self._sheet, overscan), into.y)
        if self._subject is not None:
            nearer = view.nearer(self._camera.move.closeness)
            self._lay_over(self._corner @ sheet_from_picture(nearer, self._picture, self._sheet, overscan), into.y)
        half = cv2.resize(into.y, (into.u.shape[1], into.u.shape[0]), interpolation=cv2.INTER_AREA)
        cv2.LUT(half, self._u_of_luma, into.u)
        cv2.LUT(half, self._v_of_luma, into.v)

    def _lay_over(self, part_from_picture: Matrix, luma: Plane) -> None:
        assert self._subject is not None
        high, wide = self._subject.shape
        corners = np.array([[[0, 0], [wide, 0], [wide, high], [0, high]]], dtype=np.float64)
        seen = cv2.perspectiveTransform(corners, np.linalg.inv(part_from_picture))[0]
        left, top = np.maximum(np.floor(seen.min(axis=0)).astype(int) - 1, 0)
        right, bottom = np.ceil(seen.max(axis=0)).astype(int) + 1
        region = luma[top:bottom, left:right]
        if not region.size:
            return
        offset = np.array([[1, 0, left], [0, 1, top], [0, 0, 1]], dtype=np.float64)
        ink, uncovered = np.empty(region.shape, np.uint8), np.empty(region.shape, np.uint8)
        _warp(self._subject, part_from_picture @ offset, ink, outside=0)
        _warp(self._uncovered, part_from_picture @ offset, uncovered, outside=255)
        cv2.multiply(region, uncovered, region, scale=1 / 255)
        cv2.add(region, ink, region)


def _warp(source: Plane, source_from_target: Matrix, target: Plane, *, outside: int | None = None) -> None:
    size = target.shape[1], target.shape[0]
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    if source_from_target[2, 0] == 0 and source_from_target[2, 1] == 0:
        affine = source_from_target[:2] / source_from_target[2, 2]
        cv2.warpAffine(source, affine, size, target, flags, border, outside or 0)
    else:
        cv2.warpPerspective(source, source_from_target, size, target, flags, border, outside or 0)
