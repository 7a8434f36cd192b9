"""Draws a stage as a camera sees it."""

import math
from functools import reduce
from itertools import pairwise

import cv2
import numpy as np

from previz.backdrop import draw_backdrop, row_angles
from previz.camera import NEAR, Camera, Floats, Size, to_pixels, to_view
from previz.light import Light
from previz.raster import SHIFT, Picture, fixed, rgb
from previz.stage import Figure, Stage


def draw(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    """The picture, (h, w, 3) uint8 RGB."""
    canvas = (
        draw_backdrop(stage, camera, size, light)
        if math.isinf(camera.f_stop)
        else _soft_backdrop(stage, camera, size, light)
    )
    depths = [float(to_view(camera, np.array(solid.mark.middle))[2]) for solid in stage.figures]
    for depth, solid in sorted(zip(depths, stage.figures, strict=True), key=lambda pair: -pair[0]):
        view, colours = _shaded(solid, camera, light)
        circle = min(float(camera.blur(np.array(depth), size)), size[1] / 9)
        if len(view):
            _paint(canvas, to_pixels(camera, view, size), colours, circle if circle > 1.5 else 0.0)
    return canvas


def _soft_backdrop(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    # Depth of field of floor and walls, whose depth follows the rows closely enough.
    depths = camera.position[2] / np.maximum(np.sin(-row_angles(camera, size, size[1])), 1e-4)
    if room := stage.room:
        depths = np.minimum(depths, 0.8 * max(room.high[1] - camera.position[1], room.high[0] - room.low[0]))
    circles = camera.blur(depths, size)
    if circles.min() > 6:  # nothing behind the figures is sharp: a smaller picture shows as much
        part = 2 if circles.min() < 12 else 4
        small = size[0] // part, size[1] // part
        canvas = draw_backdrop(stage, camera, small, light)
        _soften(canvas, np.interp(np.linspace(0, 1, small[1]), np.linspace(0, 1, size[1]), circles / part))
        return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    canvas = draw_backdrop(stage, camera, size, light)
    _soften(canvas, circles)
    return canvas


def _soften(canvas: Picture, circles: Floats) -> None:
    # One blur of a small copy, of which every row takes its share by its circle of confusion.
    height, width = canvas.shape[:2]
    most = max(float(min(circles.max(), height / 12)), 1.0)
    half = cv2.resize(canvas, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, (max(width // 4, 1), max(height // 4, 1)), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(cv2.stackBlur(small, [int(most / 4) | 1] * 2), (width, height), interpolation=cv2.INTER_LINEAR)
    steps = np.rint(np.clip(circles / most, 0, 1) * 24).astype(int)
    for start, end in pairwise([0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), height]):
        if steps[start] == 24:
            canvas[start:end] = blurred[start:end]
        elif share := steps[start] / 24:
            cv2.addWeighted(blurred[start:end], share, canvas[start:end], 1 - share, 0, canvas[start:end])


def _shaded(solid: Figure, camera: Camera, light: Light) -> tuple[Floats, Floats]:
    # Faces turned to the camera, farthest first, in view coordinates, and their colours.
    sight = solid.middles - np.array(camera.position)
    turned = np.flatnonzero(np.einsum("ij,ij->i", solid.normals, sight) < 0)
    far = np.linalg.norm(sight[turned], axis=1)
    order = np.argsort(solid.lift[turned] - far)
    seen, far = turned[order], far[order]
    normals, sight = solid.normals[seen], sight[seen]
    glance = np.einsum("ij,ij->i", normals, sight) / np.maximum(far, 1e-6)
    # Wrapped a little past the terminator: a soft source, and no half of a figure falls into one flat grey.
    facing = np.clip((normals @ light.towards + 0.25) / 1.25, 0, 1)
    lit = light.ambient * (0.8 + 0.2 * normals[:, 2:]) + light.key * facing[:, None]
    edge = light.rim * 0.75 * (1 + glance) ** 3 * np.clip(facing + 0.15, 0, 1)
    colour = solid.greys[seen, None] * lit * light.subject + edge[:, None] * light.key
    colour += (light.horizon - colour) * (0.9 * (1 - np.exp(-far / light.haze)))[:, None]
    view = to_view(camera, solid.faces[seen])
    whole = view[..., 2].min(axis=1) > NEAR
    return view[whole], rgb(colour[whole])


def _paint(canvas: Picture, polygons: Floats, colours: Floats, circle: float) -> None:
    # Fills polygons (n, 4, 2) with smooth edges, or blurred by their `circle` of confusion in pixels.
    margin, frame = math.ceil(circle * 1.5) + 1, (canvas.shape[1], canvas.shape[0])
    low, high = reduce(np.minimum, polygons.swapaxes(0, 1)), reduce(np.maximum, polygons.swapaxes(0, 1))
    seen = np.logical_and(high > -margin, low < np.add(frame, margin)).all(axis=1)
    if not seen.any():
        return
    polygons, colours = polygons[seen], colours[seen]
    opaque = np.column_stack([colours, np.full(len(colours), 255.0)]).tolist()
    if not circle:
        # Smooth edges leave seams between neighbours, so each face reaches half a pixel under the next.
        outwards = polygons - polygons.mean(axis=1, keepdims=True)
        polygons += outwards * (0.6 / np.maximum(np.hypot(outwards[..., :1], outwards[..., 1:]), 0.6))
        for shape, colour in zip(fixed(polygons), opaque, strict=True):
            cv2.fillConvexPoly(canvas, shape, colour, cv2.LINE_AA, SHIFT)
        return
    x0, y0 = np.clip(np.floor(low[seen].min(axis=0)) - margin, 0, frame).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high[seen].max(axis=0)) + margin, 0, frame).astype(int).tolist()
    part, box, scale = canvas[y0:y1, x0:x1], (x1 - x0, y1 - y0), 1.0 if circle < 6 else 0.5 if circle < 12 else 0.25
    layer = np.zeros((math.ceil(scale * box[1]), math.ceil(scale * box[0]), 4), np.uint8)
    for shape, colour in zip(fixed(polygons - (x0, y0), scale), opaque, strict=True):
        cv2.fillConvexPoly(layer, shape, colour, cv2.LINE_8, SHIFT)
    layer = cv2.resize(cv2.stackBlur(layer, [int(circle * scale) | 1] * 2), box, interpolation=cv2.INTER_LINEAR)
    keep = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(layer, 3)), cv2.COLOR_GRAY2RGB)
    cv2.add(cv2.multiply(part, keep, part, 1 / 255), cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), part)
