"""Draws a stage as a camera sees it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from previz.backdrop import draw_backdrop, row_angles
from previz.camera import NEAR, Camera, Floats, Size, to_pixels, to_view
from previz.light import Light
from previz.raster import SHIFT, Picture, fixed, rgb
from previz.stage import Figure, Stage

_FINE = 2


def draw(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    """The picture, (h, w, 3) uint8 RGB."""
    canvas = draw_backdrop(stage, camera, size, light)
    if not math.isinf(camera.f_stop):
        _soften_backdrop(canvas, stage, camera, size)

    def depth(solid: Figure) -> float:
        return float(to_view(camera, np.array(solid.mark.middle))[2])

    for solid in sorted(stage.props + stage.figures, key=depth, reverse=True):
        view, colours = _shaded(solid, camera, light, indoors=stage.room is not None)
        if len(view):
            circle = 0.0 if math.isinf(camera.f_stop) else float(camera.blur(np.array(depth(solid)), size))
            _paint(canvas, to_pixels(camera, view, size), colours, min(circle, size[1] / 9) if circle > 1.5 else 0.0)
    if camera.tilt_shift:
        off_centre = np.abs(np.arange(size[1]) / size[1] - 0.5)
        _blur_rows(canvas, np.clip((off_centre - 0.12) / 0.3, 0, 1), size[1] / 90)
    return canvas


def _blur_rows(canvas: Picture, shares: Floats, sigma: float) -> None:
    """Blurs each row by its share (0 to 1) of a blur of `sigma` pixels."""
    height, width = canvas.shape[:2]
    small = cv2.resize(canvas, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(
        cv2.GaussianBlur(small, (0, 0), max(sigma / 2, 0.3)), (width, height), interpolation=cv2.INTER_LINEAR
    )
    weights = np.repeat(shares.astype(np.float32)[:, None], width, axis=1)
    canvas[:] = cv2.blendLinear(blurred, canvas, weights, 1 - weights)


def _soften_backdrop(canvas: Picture, stage: Stage, camera: Camera, size: Size) -> None:
    """Depth of field of floor and walls, whose depth follows the rows closely enough."""
    down = np.maximum(np.sin(-row_angles(camera, size, size[1])), 1e-4)
    depths = camera.position[2] / down
    if stage.room:
        depths = np.minimum(
            depths, 0.8 * max(stage.room.high[1] - camera.position[1], stage.room.high[0] - stage.room.low[0])
        )
    circles = camera.blur(depths, size)
    most = float(min(circles.max(), size[1] / 12))
    if most > 1.2:
        _blur_rows(canvas, np.clip(circles / most, 0, 1), most / 2.6)


def _shaded(solid: Figure, camera: Camera, light: Light, *, indoors: bool) -> tuple[Floats, Floats]:
    """Faces turned to the camera, farthest first, in view coordinates, and their colours."""
    normals = np.cross(solid.faces[:, 2] - solid.faces[:, 0], solid.faces[:, 3] - solid.faces[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    sight = solid.faces.mean(axis=1) - np.array(camera.position)
    far = np.linalg.norm(sight, axis=1)
    glance = np.einsum("ij,ij->i", normals, sight) / np.maximum(far, 1e-6)
    view = to_view(camera, solid.faces)
    seen = np.flatnonzero((glance < 0) & (view[..., 2].min(axis=1) > NEAR))
    seen = seen[np.argsort(-far[seen])]
    normals, glance, far = normals[seen], glance[seen], far[seen]
    # Wrapped a little past the terminator: a soft source, and no half of a figure falls into one flat grey.
    facing = np.clip((normals @ light.towards() + 0.25) / 1.25, 0, 1)
    lit = np.array(light.ambient) * (0.8 + 0.2 * normals[:, 2:]) + np.array(light.key) * facing[:, None]
    edge = light.rim * 0.75 * (1 + glance) ** 3 * np.clip(facing + 0.15, 0, 1)
    colour = solid.greys[seen, None] * lit * light.subject + edge[:, None] * np.array(light.key)
    if not indoors:
        colour += (np.array(light.horizon) - colour) * (0.9 * (1 - np.exp(-far / light.haze)))[:, None]
    return view[seen], rgb(colour)


def _paint(canvas: Picture, polygons: Floats, colours: Floats, circle: float) -> None:
    """Fills polygons (n, 4, 2) into the part of the canvas they cover, at twice its size, so that edges come out smooth.

    What is out of focus, with a `circle` of confusion in pixels, is filled on a layer of its own and blurred with it.
    """
    height, width = canvas.shape[:2]
    margin = math.ceil(circle * 1.5) + 1
    low = np.clip(np.floor(polygons.min(axis=(0, 1))) - margin, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(polygons.max(axis=(0, 1))) + margin, 0, (width, height)).astype(int)
    if (high <= low).any():
        return
    (x0, y0), (x1, y1) = low.tolist(), high.tolist()
    part, box, fine = canvas[y0:y1, x0:x1], (x1 - x0, y1 - y0), (_FINE * (x1 - x0), _FINE * (y1 - y0))
    shapes = fixed(polygons - low, _FINE)
    layer = (
        np.zeros((fine[1], fine[0], 4), np.uint8) if circle else cv2.resize(part, fine, interpolation=cv2.INTER_NEAREST)
    )
    for shape, colour in zip(shapes, np.column_stack([colours, np.full(len(colours), 255.0)]).tolist(), strict=True):
        cv2.fillConvexPoly(layer, shape, colour, cv2.LINE_8, SHIFT)
    if not circle:
        cv2.resize(layer, box, part, interpolation=cv2.INTER_AREA)
        return
    blurred = cv2.GaussianBlur(cv2.resize(layer, box, interpolation=cv2.INTER_AREA), (0, 0), circle / 2.6)
    keep = cv2.merge([255 - blurred[..., 3]] * 3)
    cv2.add(cv2.multiply(part, keep, scale=1 / 255), np.ascontiguousarray(blurred[..., :3]), part)
