"""Draws a stage as a camera sees it."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from previz.camera import NEAR, Camera, Floats, Size, pixels_per_mm, to_pixels, to_view
from previz.light import Light
from previz.stage import Figure, Room, Stage

Picture = NDArray[np.uint8]

cv2.setNumThreads(1)

_SHIFT = 4
_FINE = 2
# Beyond this, coordinates with fractional bits would overflow the rasteriser.
_FAR_OUT = 30_000.0


def draw(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    """The picture, (h, w, 3) uint8 RGB."""
    ground = _Ground(stage, camera, light)
    if stage.room:
        canvas = np.empty((size[1], size[0], 3), np.uint8)
        canvas[:] = _rgb(np.full(3, 0.7) * _room_light(light))
        _draw_room(canvas, stage.room, camera, size, light)
    else:
        canvas = _sky_and_ground(ground, camera, size, light)
    _draw_grid(canvas, stage, ground, camera, size)
    _draw_shadows(canvas, stage, camera, size, light)
    _soften_backdrop(canvas, stage, camera, size)
    _draw_solids(canvas, stage, camera, size, light)
    if camera.tilt_shift:
        rows = np.abs(np.arange(size[1]) / size[1] - 0.5)
        _blend_rows(canvas, np.clip((rows - 0.12) / 0.3, 0, 1), size[1] / 90)
    if camera.barrel:
        canvas = cv2.remap(canvas, *_bend_maps(size, camera.barrel), cv2.INTER_LINEAR)
    return canvas


def _rgb(colours: Floats) -> Any:
    return np.clip(colours * 255, 0, 255)


def _fixed(pixels: Floats, scale: int = 1) -> NDArray[np.int32]:
    """Pixels as the rasteriser's fixed-point numbers, which count from the middle of the first pixel."""
    return np.rint((np.clip(pixels, -_FAR_OUT, _FAR_OUT) * scale - 0.5) * (1 << _SHIFT)).astype(np.int32)


def bend(camera: Camera, pixels: Floats, size: Size) -> Floats:
    """Where a barrel lens puts points (n, 2) of the straight picture."""
    if not camera.barrel:
        return pixels
    middle, corner = np.array(size) / 2, math.hypot(*size) / 2
    straight = (pixels - middle) / corner
    bent = straight
    for _ in range(12):
        bent = (
            straight
            * (1 + camera.barrel)
            / (1 + camera.barrel * np.minimum((bent**2).sum(axis=-1, keepdims=True), 4.0))
        )
    moved: Floats = bent * corner + middle
    return moved


@lru_cache(maxsize=4)
def _bend_maps(size: Size, barrel: float) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    width, height = size
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    factor = (1 + barrel * (x * x + y * y) / (math.hypot(width, height) / 2) ** 2) / (1 + barrel)
    maps = [(plane * factor + half - 0.5).astype(np.float32) for plane, half in ((x, width / 2), (y, height / 2))]
    return cv2.convertMaps(*maps, cv2.CV_16SC2)  # type: ignore[no-any-return]


class _Ground:
    """Colour of the floor by distance (m) along the camera's heading."""

    def __init__(self, stage: Stage, camera: Camera, light: Light) -> None:
        self.height = max(camera.position[2], 0.05)
        self.room = stage.room
        lit = np.array(light.ambient) + np.array(light.key) * max(0.12, math.sin(math.radians(light.elevation)))
        self.near = light.ground * lit * 0.94
        self.far = np.array(light.horizon)
        if stage.room:
            self.near = 0.61 * _room_light(light)
            self.far, self.most, self.haze = self.near, 0.0, 1.0
        elif stage.cyclorama:
            self.most, self.haze = 1.0, min(light.haze, 9 + 1.6 * camera.focus)
        else:
            self.most, self.haze = 0.9 if light.haze > 20 else 1.0, light.haze * 0.75

    def at(self, distance: Floats) -> Floats:
        share = self.most * (1 - np.exp(-distance / self.haze))[..., None]
        colour: Floats = self.near + (self.far - self.near) * share
        return colour


def _sky_and_ground(ground: _Ground, camera: Camera, size: Size, light: Light) -> Picture:
    """Colours depend on the row of the unrolled picture only; four samples a row keep the horizon smooth."""
    width, height = size
    tall = height if not camera.roll else math.ceil(math.hypot(width, height)) + 2
    rows = (np.arange(tall * 4) + 0.5) / 4 - tall / 2
    rise = np.radians(camera.pitch) - np.arctan(rows / (camera.focal * pixels_per_mm(size)))
    up = np.clip(np.degrees(rise) / 55, 0, 1) ** 0.75
    sky = np.array(light.horizon) + (np.array(light.sky) - np.array(light.horizon)) * up[:, None]
    distance = ground.height / np.maximum(np.abs(np.tan(rise)), 1e-4)
    colours = np.where((rise > 0)[:, None], sky, ground.at(distance))
    column = _rgb(colours.reshape(tall, 4, 3).mean(axis=1)).astype(np.float32)
    # Half a grey level of ordered noise by row keeps long gradients free of bands, at no cost to the encoder.
    strip = (
        np.floor(column[:, None] + np.array([0.25, 0.75])[None, :, None] * np.ones((1, 2, 1)))
        .clip(0, 255)
        .astype(np.uint8)
    )
    if not camera.roll:
        return np.ascontiguousarray(np.tile(strip, (1, (width + 1) // 2, 1))[:, :width])
    turn = math.radians(camera.roll)
    # Only the row matters, so every column of the rolled picture reads the same column of the strip.
    matrix = np.array([[0, 0, 0], [math.sin(turn), math.cos(turn), tall / 2]], dtype=np.float64)
    matrix[1, 2] -= math.sin(turn) * (width / 2 - 0.5) + math.cos(turn) * (height / 2 - 0.5) + 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(strip, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def _room_light(light: Light) -> Floats:
    return np.array(light.ambient) * 1.12 + np.array(light.key) * 0.62


def _clipped(view: Floats) -> Floats:
    """A polygon (n, 3) cut at the near plane; empty when all of it lies behind."""
    kept: list[Floats] = []
    for a, b in zip(view, np.roll(view, -1, axis=0), strict=True):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * ((NEAR - a[2]) / (b[2] - a[2])))
    return np.array(kept).reshape(-1, 3)


def _fill(canvas: Picture, view: Floats, camera: Camera, size: Size, colour: Floats, *, smooth: bool = False) -> None:
    if view[:, 2].min() < NEAR:
        view = _clipped(view)
        if len(view) < 3:
            return
    pixels = _fixed(to_pixels(camera, view, size))
    cv2.fillConvexPoly(canvas, pixels, colour.tolist(), cv2.LINE_AA if smooth else cv2.LINE_8, _SHIFT)


def _draw_room(canvas: Picture, room: Room, camera: Camera, size: Size, light: Light) -> None:
    lit = _room_light(light)
    colours = _rgb(room.greys[:, None] * lit)
    for view, colour in zip(to_view(camera, room.faces), colours, strict=True):
        if view[:, 2].max() > NEAR:
            _fill(canvas, view, camera, size, colour)
    pane = _rgb(np.array(light.horizon) * 0.75 + np.array(light.sky) * 0.25)
    thick = max(1, round(size[1] / 540))
    for quad, grey in room.openings:
        view = to_view(camera, quad)
        if view[:, 2].max() > NEAR:
            _fill(canvas, view, camera, size, pane if grey > 1 else _rgb(grey * lit), smooth=True)
    edges = to_view(camera, room.edges)
    _lines(canvas, edges, np.tile(_rgb(0.55 * lit), (len(edges), 1)), camera, size, thick)


def _lines(canvas: Picture, view: Floats, colours: Any, camera: Camera, size: Size, thick: int) -> None:
    """Segments (n, 2, 3) of `to_view`, cut at the near plane."""
    a, b = view[:, 0].copy(), view[:, 1].copy()
    for one, other in ((a, b), (b, a)):
        behind = (one[:, 2] < NEAR) & (other[:, 2] > NEAR)
        share = (NEAR - one[behind, 2]) / (other[behind, 2] - one[behind, 2])
        one[behind] += (other[behind] - one[behind]) * share[:, None]
    seen = (a[:, 2] >= NEAR) & (b[:, 2] >= NEAR)
    pixels = to_pixels(camera, np.stack([a[seen], b[seen]], axis=1), size)
    inside = (pixels.max(axis=1) > 0).all(axis=1) & (pixels.min(axis=1) < size).all(axis=1)
    for ends, colour in zip(_fixed(pixels[inside]), np.asarray(colours)[seen][inside].tolist(), strict=True):
        cv2.line(canvas, ends[0], ends[1], colour, thick, cv2.LINE_AA, _SHIFT)


@lru_cache(maxsize=8)
def _grid(x0: int, x1: int, y0: int, y1: int, step: int, pieces: int) -> Floats:
    """Lines on the floor in pieces, (n, 2, 3)."""
    found = []
    for low, high, ends, along in ((x0, x1, (y0, y1), 1), (y0, y1, (x0, x1), 0)):
        cuts = np.linspace(*ends, pieces + 1)
        for at in range(low, high + 1, step):
            for start, end in zip(cuts, cuts[1:], strict=False):
                segment = np.zeros((2, 3))
                segment[:, along], segment[:, 1 - along] = (start, end), at
                found.append(segment)
    return np.array(found)


def _draw_grid(canvas: Picture, stage: Stage, ground: _Ground, camera: Camera, size: Size) -> None:
    """Every metre nearby and every five metres far away, each fading into the floor."""
    x, y, _ = camera.position
    heading = np.array([math.sin(math.radians(camera.yaw)), math.cos(math.radians(camera.yaw)), 0.0])
    thick = max(1, round(size[1] / 900))
    for step, reach, fade, depth in ((5, 90, 42.0, 0.13), (1, 14, 6.0, 0.10)):
        cx, cy = round((x + heading[0] * reach * 0.5) / 5) * 5, round((y + heading[1] * reach * 0.5) / 5) * 5
        bounds = [cx - reach, cx + reach, cy - reach, cy + reach]
        if stage.room:
            low, high = stage.room.low, stage.room.high
            bounds = [max(bounds[0], math.ceil(low[0])), min(bounds[1], math.floor(high[0]))]
            bounds += [max(cy - reach, math.ceil(low[1])), min(cy + reach, math.floor(high[1]))]
            if step == 5 or bounds[0] >= bounds[1] or bounds[2] >= bounds[3]:
                continue
            lines = _grid(*bounds, step, 6).copy()
            lines[np.abs(lines - bounds[2])[..., 1] < 1e-6, 1] = low[1]
            lines[np.abs(lines - bounds[3])[..., 1] < 1e-6, 1] = high[1]
            lines[np.abs(lines - bounds[0])[..., 0] < 1e-6, 0] = low[0]
            lines[np.abs(lines - bounds[1])[..., 0] < 1e-6, 0] = high[0]
        else:
            lines = _grid(*bounds, step, 12)
        middle = lines.mean(axis=1) - np.array(camera.position)
        far = np.linalg.norm(middle, axis=1)
        share = depth * np.exp(-far / fade)
        seen = share > 0.008
        colours = ground.at(np.abs(middle[seen] @ heading)) * (1 - share[seen, None])
        _lines(canvas, to_view(camera, lines[seen]), _rgb(colours), camera, size, thick)


def _draw_shadows(canvas: Picture, stage: Stage, camera: Camera, size: Size, light: Light) -> None:
    """Flattens every solid onto the floor along the light, softly, with a darker spot where it stands."""
    if light.shadow <= 0.02:
        return
    small = (max(size[0] // 4, 1), max(size[1] // 4, 1))
    mask = np.zeros((small[1], small[0]), np.uint8)
    towards = light.towards()
    # A low or hidden sun would throw shadows out of the set; they stay within about two heights.
    slope = towards[:2] / max(towards[2], 0.42)
    ratio = np.array(small) / np.array(size)
    softness = 0.5
    for solid in sorted(stage.solids, key=lambda s: s.mark.y, reverse=True):
        faces = solid.faces[:, ::1]
        flat = faces * (1, 1, 0)
        flat[..., :2] -= faces[..., 2:] * slope
        turn = np.linspace(0, 2 * math.pi, 20, endpoint=False)
        radius = {"person": 0.27, "block": 0.42, "table": 0.24}.get(solid.mark.kind, 0.0)
        spot = np.stack([solid.mark.x + radius * np.cos(turn), solid.mark.y + radius * np.sin(turn), 0 * turn], axis=1)
        for shape, dark in ((flat, 150), (spot[None], 190)):
            view = to_view(camera, shape)
            for polygon in view[(view[..., 2] > NEAR).all(axis=1)]:
                hull = _fixed(to_pixels(camera, polygon, size) * ratio)
                cv2.fillConvexPoly(mask, hull, dark, cv2.LINE_8, _SHIFT)
        depth = max(float(to_view(camera, np.array([solid.mark.x, solid.mark.y, 0.0]))[2]), 0.5)
        softness = max(softness, min(0.055 * camera.focal * pixels_per_mm(small) / depth, 14))
    if not mask.any():
        return
    mask = cv2.GaussianBlur(mask, (0, 0), softness)  # type: ignore[assignment]
    x, y, w, h = cv2.boundingRect(mask)
    x0, y0, x1, y1 = x * 4, y * 4, min((x + w) * 4, size[0]), min((y + h) * 4, size[1])
    keep = 255 - np.rint(mask[y : y + h, x : x + w] * light.shadow * 1.15).clip(0, 220).astype(np.uint8)
    large = cv2.resize(keep, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    part = canvas[y0:y1, x0:x1]
    cv2.multiply(part, cv2.merge([large] * 3), part, 1 / 255)


def _blend_rows(canvas: Picture, shares: Floats, sigma: float, squeeze: float = 1.0) -> None:
    """Blurs each row by its share (0 to 1) of a blur of `sigma` pixels."""
    height, width = canvas.shape[:2]
    small = cv2.resize(canvas, (max(width // 2, 1), max(height // 2, 1)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), max(sigma * squeeze / 2, 0.3), sigmaY=max(sigma / 2, 0.3))
    blurred = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    weights = np.repeat(shares.astype(np.float32)[:, None], width, axis=1)
    canvas[:] = cv2.blendLinear(blurred, canvas, weights, 1 - weights)


def _soften_backdrop(canvas: Picture, stage: Stage, camera: Camera, size: Size) -> None:
    """Depth of field of floor and walls, whose depth follows the rows closely enough."""
    if math.isinf(camera.f_stop):
        return
    rows = np.arange(size[1]) + 0.5 - size[1] / 2
    rise = np.radians(camera.pitch) - np.arctan(rows / (camera.focal * pixels_per_mm(size)))
    floor = np.where(rise < -1e-3, camera.position[2] / np.maximum(np.sin(-rise), 1e-3), 1e4)
    if stage.room:
        back = max(stage.room.high[1] - camera.position[1], stage.room.high[0] - stage.room.low[0]) * 0.8
        floor = np.minimum(floor, back)
    circles = np.array([camera.blur(float(depth), size) for depth in floor])
    most = float(min(circles.max(), size[1] / 12))
    if most > 1.2:
        _blend_rows(canvas, np.clip(circles / most, 0, 1), most / 2.6, camera.squeeze)


def _shaded(solid: Figure, camera: Camera, light: Light, *, indoors: bool) -> tuple[Floats, Any]:
    """Faces turned to the camera, farthest first, in view coordinates, and their colours."""
    normals = np.cross(solid.faces[:, 2] - solid.faces[:, 0], solid.faces[:, 3] - solid.faces[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    middle = solid.faces.mean(axis=1)
    sight = middle - np.array(camera.position)
    far = np.linalg.norm(sight, axis=1)
    glance = np.einsum("ij,ij->i", normals, sight) / np.maximum(far, 1e-6)
    seen = np.flatnonzero(glance < 0)
    seen = seen[np.argsort(-far[seen])]
    normals, glance, far = normals[seen], glance[seen], far[seen]
    # Wrapped a little past the terminator: a soft source, and no half of a figure falls into one flat grey.
    facing = np.clip((normals @ light.towards() + 0.25) / 1.25, 0, 1)
    lit = np.array(light.ambient) * (0.78 + 0.22 * normals[:, 2:]) + np.array(light.key) * facing[:, None]
    colour = solid.greys[seen, None] * lit * 1.02
    if light.rim:
        colour += (light.rim * 0.75 * (1 + glance) ** 3 * np.clip(facing + 0.15, 0, 1))[:, None] * np.array(light.key)
    if not indoors:
        share = (0.9 * (1 - np.exp(-far / light.haze)))[:, None]
        colour = colour + (np.array(light.horizon) - colour) * share
    return to_view(camera, solid.faces[seen]), _rgb(colour)


def _draw_solids(canvas: Picture, stage: Stage, camera: Camera, size: Size, light: Light) -> None:
    """Farthest first; what is out of focus is painted on a layer of its own and blurred with it."""

    def depth(solid: Figure) -> float:
        height = solid.mark.foot + solid.mark.height / 2 if solid.mark.kind != "table" else 0.4
        return float(to_view(camera, np.array([solid.mark.x, solid.mark.y, height]))[2])

    for solid in sorted(stage.solids, key=depth, reverse=True):
        view, colours = _shaded(solid, camera, light, indoors=stage.room is not None)
        whole = (view[..., 2] > NEAR).all(axis=1) if len(view) else np.zeros(0, bool)
        polygons: list[Floats] = []
        if whole.all() and len(view):
            polygons = list(to_pixels(camera, view, size))
        else:
            cut = [_clipped(face) for face in view]
            colours = [colour for face, colour in zip(cut, colours, strict=True) if len(face) > 2]
            polygons = [to_pixels(camera, face, size) for face in cut if len(face) > 2]
        if polygons:
            circle = min(camera.blur(max(depth(solid), NEAR * 2), size), size[1] / 9)
            _paint(canvas, polygons, colours, circle if circle > 1.5 else 0.0, camera.squeeze)


def _paint(canvas: Picture, polygons: list[Floats], colours: Any, circle: float, squeeze: float) -> None:
    """Fills polygons into the part of the canvas they cover, at twice its size, so that edges come out smooth."""
    height, width = canvas.shape[:2]
    corners = np.concatenate(polygons)
    margin = math.ceil(circle * 1.5) + 1
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)) - margin, np.ceil(corners.max(axis=0)) + margin
    x0, y0, x1, y1 = max(int(x0), 0), max(int(y0), 0), min(int(x1), width), min(int(y1), height)
    if x1 <= x0 or y1 <= y0:
        return
    part = canvas[y0:y1, x0:x1]
    fine = (_FINE * (x1 - x0), _FINE * (y1 - y0))
    shapes = [_fixed(polygon - (x0, y0), _FINE) for polygon in polygons]
    layer = (
        cv2.resize(part, fine, interpolation=cv2.INTER_NEAREST)
        if not circle
        else np.zeros((fine[1], fine[0], 3), np.uint8)
    )
    for shape, colour in zip(shapes, np.asarray(colours).tolist(), strict=True):
        cv2.fillConvexPoly(layer, shape, colour, cv2.LINE_8, _SHIFT)
    if not circle:
        cv2.resize(layer, (x1 - x0, y1 - y0), part, interpolation=cv2.INTER_AREA)
        return
    cover = np.zeros((fine[1], fine[0]), np.uint8)
    for shape in shapes:
        cv2.fillConvexPoly(cover, shape, 255, cv2.LINE_8, _SHIFT)
    sigma = circle / 2.6
    both = cv2.resize(cv2.merge([layer, cover]), (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA)
    both = cv2.GaussianBlur(both, (0, 0), sigma * squeeze, sigmaY=sigma)
    keep = cv2.merge([255 - both[..., 3]] * 3)
    cv2.add(cv2.multiply(part, keep, scale=1 / 255), np.ascontiguousarray(both[..., :3]), part)
