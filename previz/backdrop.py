"""What stands behind and under the figures: sky and floor or a room, the grid, and shadows."""

import math
from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from previz.camera import Camera, Floats, Size, pixels_per_mm
from previz.light import Light
from previz.raster import SHIFT, Picture, fixed, paint, rgb
from previz.stage import PANE, Room, Stage

_FLOOR, _MAP_PIXELS, _MAP_METRES = 0.61, 384, 12.0
_INVERSE = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class Ground:
    """Colour of the floor by distance (m) along the camera's heading."""

    def __init__(self, stage: Stage, camera: Camera, light: Light) -> None:
        lit, self.far = light.ambient + light.key * max(0.12, light.towards[2]), light.horizon
        self.near, self.most, self.haze = light.ground * 0.94 * lit, 0.9 if light.haze > 20 else 1.0, light.haze * 0.75
        if stage.room:
            self.near, self.most = _FLOOR * light.walls, 0.0
        elif stage.cyclorama:
            self.most, self.haze = 1.0, min(light.haze, 9 + 1.6 * camera.focus)

    def at(self, distance: Floats) -> Floats:
        share = self.most * (1 - np.exp(-distance / self.haze))[..., None]
        return np.asarray(self.near + (self.far - self.near) * share)


def row_angles(camera: Camera, size: Size, rows: int, samples: int = 1) -> Floats:
    """Elevation in radians of the line of sight through the middle of each row of an unrolled picture."""
    middle = (np.arange(rows * samples) + 0.5) / samples - rows / 2
    return np.asarray(math.radians(camera.pitch) - np.arctan(middle / (camera.focal * pixels_per_mm(size))))


def draw_backdrop(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    ground, room = Ground(stage, camera, light), stage.room
    if room:
        canvas, thick = np.zeros((size[1], size[0], 3), np.uint8), max(1, round(size[1] / 540))
        colours = room.greys[:, None] * light.walls
        colours[room.greys == PANE] = light.horizon * 0.75 + light.sky * 0.25
        paint(canvas, room.faces, rgb(colours), camera, size)
        paint(canvas, room.edges, rgb(np.tile(0.58 * light.walls, (len(room.edges), 1))), camera, size, line=thick)
    else:
        over = replace(camera, position=(0.0, 0.0, camera.position[2]), yaw=0.0)
        canvas = _sky_and_ground(stage, over, size, light).copy()
    _draw_grid(canvas, room, ground, camera, size)
    _draw_shadows(canvas, stage, camera, size, light)
    return canvas


@lru_cache(maxsize=1)
def _sky_and_ground(stage: Stage, camera: Camera, size: Size, light: Light) -> Picture:
    # The same wherever a camera stands and faces, so that most moves need it once. Colours depend on the row of the
    # unrolled picture only; four samples a row keep the horizon smooth.
    ground = Ground(stage, camera, light)
    (width, height), turn = size, math.radians(camera.roll)
    tall = height if not camera.roll else math.ceil(math.hypot(width, height)) + 2
    angles = row_angles(camera, size, tall, 4)
    sky = light.horizon + (light.sky - light.horizon) * np.clip(angles / math.radians(55), 0, 1)[:, None] ** 0.75
    floor = ground.at(camera.position[2] / np.maximum(np.abs(np.tan(angles)), 1e-4))
    column = rgb(np.where(angles[:, None] > 0, sky, floor)).reshape(tall, 4, 3).mean(axis=1)
    # Rows that round differently, in turn, keep long gradients free of bands.
    strip = (column + np.resize([0.25, 0.75], tall)[:, None]).clip(0, 255).astype(np.uint8)[:, None]
    if not camera.roll:
        # Copied 64 pixels at a time: far quicker than pixel by pixel.
        blocks = np.empty((height, math.ceil(width / 64), 192), np.uint8)
        blocks[:] = np.tile(strip, (1, 64, 1)).reshape(height, 1, 192)
        return np.ascontiguousarray(blocks.reshape(height, -1, 3)[:, :width])
    # Every column of the rolled picture reads the same column of the strip; half the size is enough for gradients.
    (wide, high), (sine, cosine) = (width // 2 + 1, height // 2 + 1), (math.sin(turn), math.cos(turn))
    matrix = np.array([[0, 0, 0], [2 * sine, 2 * cosine, (tall - 1 - sine * (width - 1) - cosine * (height - 1)) / 2]])
    rolled = cv2.warpAffine(strip, matrix, (wide, high), flags=_INVERSE, borderMode=cv2.BORDER_REPLICATE)
    large = cv2.resize(rolled, (2 * wide, 2 * high), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(large[:height, :width], np.uint8)


@lru_cache(maxsize=16)
def _grid(x0: float, y0: float, x1: float, y1: float, step: int) -> Floats:
    # Lines on the floor at whole steps, in pieces that can fade, (n, 2, 3).
    found = []
    for low, high, start, end, along in ((x0, x1, y0, y1, 1), (y0, y1, x0, x1, 0)):
        cuts = np.linspace(start, end, 10)
        for at in range(math.ceil(low / step) * step, math.floor(high) + 1, step):
            pieces = np.zeros((9, 2, 3))
            pieces[:, 0, along], pieces[:, 1, along], pieces[..., 1 - along] = cuts[:-1], cuts[1:], at
            found.append(pieces)
    return np.concatenate(found)


def _draw_grid(canvas: Picture, room: Room | None, ground: Ground, camera: Camera, size: Size) -> None:
    # Every metre nearby and every five metres far away, each fading into the floor.
    position, heading = np.array(camera.position), camera.axes[2] * (1, 1, 0)
    for step, far, fade, strength in ((1, 14, 12.0, 0.11),) if room else ((5, 75, 36.0, 0.13), (1, 14, 6.0, 0.11)):
        x, y = (np.round((position + heading * far / 2)[:2] / 5) * 5).tolist()
        found = _grid(*room.low[:2], *room.high[:2], step) if room else _grid(x - far, y - far, x + far, y + far, step)
        ahead = found.mean(axis=1) - position
        share = strength * np.exp(-np.linalg.norm(ahead, axis=1) / fade)
        seen = share > 0.018
        colours = ground.at(np.abs(ahead[seen] @ heading)) * (1 - share[seen, None])
        paint(canvas, found[seen], rgb(colours), camera, size, line=max(1, round(size[1] / 900)))


@lru_cache(maxsize=4)
def _shadow_map(stage: Stage, light: Light) -> tuple[Picture, Floats]:
    # The floor from above with every solid flattened onto it along the light, and the matrix from map to world.
    scale = _MAP_PIXELS / _MAP_METRES
    corner = np.mean([solid.mark.middle[:2] for solid in stage.figures], axis=0) - _MAP_METRES / 2
    mask = np.zeros((_MAP_PIXELS, _MAP_PIXELS), np.uint8)
    # A low or hidden sun would throw shadows out of the set; they stay within about two heights.
    slope = light.towards[:2] / max(light.towards[2], 0.42)
    for solid in stage.figures:
        faces = solid.faces[solid.normals @ (*slope, 1.0) > 0]
        for polygon in fixed((faces[..., :2] - faces[..., 2:] * slope - corner) * scale):
            cv2.fillConvexPoly(mask, polygon, 150, cv2.LINE_8, SHIFT)
    for mark in (solid.mark for solid in stage.figures):
        middle, radius = fixed((np.array(mark.middle[:2]) - corner) * scale), 0.8 * mark.kind.radius * scale
        cv2.circle(mask, middle.tolist(), round(radius * (1 << SHIFT)), 195, -1, cv2.LINE_8, SHIFT)
    world = np.array([[1 / scale, 0, corner[0]], [0, 1 / scale, corner[1]], [0, 0, 0], [0, 0, 1]])
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.055 * scale), np.uint8)
    if room := stage.room:  # the floor ends at the walls
        ends = [(np.array(end[:2]) - corner) * scale for end in (room.low, room.high)]
        (x0, y0), (x1, y1) = np.clip(ends, 0, _MAP_PIXELS).astype(int).tolist()
        mask[:y0] = mask[y1:] = mask[:, :x0] = mask[:, x1:] = 0
    return mask, world


def _draw_shadows(canvas: Picture, stage: Stage, camera: Camera, size: Size, light: Light) -> None:
    mask, world = _shadow_map(stage, light)
    step = 4 if camera.focus < 8 else 2  # a soft shadow is warped small, but from afar it is only a few rows high
    width, height, focal = -(-size[0] // step), -(-size[1] // step), camera.focal * pixels_per_mm(size) / step
    # From the map to the floor, to the camera, to the small picture: all of it is one 3 x 3 matrix.
    lens = np.array([[focal, 0, size[0] / step / 2 - 0.5], [0, -focal, size[1] / step / 2 - 0.5], [0, 0, 1]])
    back = np.linalg.inv(lens @ camera.axes @ np.column_stack([np.eye(3), -np.array(camera.position)]) @ world)
    fallen = cv2.warpPerspective(mask, back, (width, height), flags=_INVERSE)
    # Above the horizon the same matrix finds the floor behind the camera.
    fallen[back[2, 0] * np.arange(width) + back[2, 1] * np.arange(height)[:, None] + back[2, 2] <= 0] = 0
    x, y, w, h = cv2.boundingRect(fallen)
    if w:
        keep = (255 - fallen[y : y + h, x : x + w] * min(light.shadow * 1.15, 0.85)).astype(np.uint8)
        large = cv2.resize(keep, (w * step, h * step), interpolation=cv2.INTER_LINEAR)
        part = canvas[y * step : (y + h) * step, x * step : (x + w) * step]
        cv2.multiply(part, cv2.merge([large[: part.shape[0], : part.shape[1]]] * 3), part, 1 / 255)
