"""Frames of a clip, and the panel of a storyboard."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from previz.arrow import draw_arrow
from previz.camera import Camera, Size, pixels_per_mm
from previz.draw import Picture, draw
from previz.labels import draw_labels
from previz.light import Light, light_for
from previz.moves import camera_at
from previz.shot import Shot
from previz.stage import build_stage

_SHIFT = 4
_SHUTTER = 0.5


def frames(shot: Shot, size: Size, seconds: float, fps: float = 24) -> Iterator[Picture]:
    """Clean frames of the clip; what does not change is the same read-only array again."""
    aspect, light = size[0] / size[1], light_for(shot)
    count = max(1, round(seconds * fps))
    walking = shot.camera_move in ("follow", "lead")
    stage = build_stage(shot, 0.0, seconds, aspect)
    before: Camera | None = None
    picture: Picture | None = None
    for number in range(count):
        t = number / max(count - 1, 1)
        camera = camera_at(shot, t, seconds, aspect)
        if walking:
            stage = build_stage(shot, t, seconds, aspect)
        if picture is None or camera != before or walking:
            picture = draw(stage, camera, size, light)
            if before is not None:
                picture = _smeared(picture, before, camera, size)
            picture.flags.writeable = False
        before = camera
        yield _fall(picture, light, number / fps)


def panel(shot: Shot, size: Size, *, overlay: bool = True, at: float = 0.0) -> Picture:
    """The shot's first frame (or the one at `at`, up to 1), with the figures' names and the move as an arrow."""
    aspect, light = size[0] / size[1], light_for(shot)
    camera, stage = camera_at(shot, at, aspect=aspect), build_stage(shot, at, aspect=aspect)
    picture = _fall(draw(stage, camera, size, light), light, at * 4.0)
    if overlay:
        picture = picture.copy()
        draw_arrow(picture, shot, camera)
        draw_labels(picture, stage, camera)
    return picture


def _smeared(picture: Picture, before: Camera, camera: Camera, size: Size) -> Picture:
    """Motion blur where a pan is fast enough for one to be seen."""
    turn = math.radians((camera.yaw - before.yaw + 180) % 360 - 180)
    length = round(abs(turn) * camera.focal * pixels_per_mm(size) * _SHUTTER)
    if length < size[0] / 60:
        return picture
    return cv2.blur(picture, (length, 1))  # type: ignore[return-value]


def _fall(picture: Picture, light: Light, seconds: float) -> Picture:
    """Rain, snow or dust at that time, in three layers of nearness, over a copy of the picture."""
    if not light.falling:
        return picture
    picture = picture.copy()
    height, width = picture.shape[:2]
    random = np.random.default_rng(11)
    snow, dust = light.falling == "snow", light.falling == "dust"
    for near in (0.45, 0.7, 1.0):
        x, y, own = random.random((3, round((150 if snow else 110) * light.intensity)))
        speed = (0.0 if dust else 0.22 if snow else 2.3) * near
        drift = light.wind * near * (1.0 if snow or dust else speed)
        y = (y + seconds * speed * (0.8 + 0.4 * own)) % 1.1 - 0.05
        x = (x + seconds * drift + (0.015 * np.sin(seconds * 2 + own * 20) if snow else 0)) % 1.1 - 0.05
        at = np.stack([x * width, y * height], axis=1)
        shade = np.array(light.horizon) * 255
        if snow:
            shade = shade * 0.4 + 255 * 0.6
            for (px, py), size in zip(at, (0.6 + own) * near * height / 300, strict=True):
                centre = (round(px * 16), round(py * 16))
                cv2.circle(picture, centre, round(size * 16), shade.tolist(), -1, cv2.LINE_AA, _SHIFT)
            continue
        length = 0.05 * near * height
        way = np.array([length * 1.4, length * 0.05]) if dust else np.array([light.wind * length * 1.6, length])
        ends = np.stack([at, at + way * (0.6 + 0.8 * own[:, None])], axis=1)
        tone = shade * (0.96 if dust else 0.86) + (0 if dust else 22)
        points = np.rint(ends * 16).astype(np.int32)
        cv2.polylines(picture, list(points), False, tone.clip(0, 255).tolist(), 1, cv2.LINE_AA, _SHIFT)
    return picture
