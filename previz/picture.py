"""Frames of a clip, and the panel of a storyboard."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from previz.arrow import draw_arrow
from previz.camera import Camera, Size, pixels_per_mm
from previz.draw import draw
from previz.labels import draw_labels
from previz.light import Light, light_for
from previz.moves import camera_at
from previz.raster import SHIFT, Picture
from previz.shot import Shot
from previz.stage import build_stage

_SHUTTER = 0.5


def frames(shot: Shot, size: Size, seconds: float, fps: float = 24) -> Iterator[Picture]:
    """Clean frames of the clip; what does not change is the same read-only array again."""
    aspect, light, count = size[0] / size[1], light_for(shot), max(1, round(seconds * fps))
    stage = build_stage(shot, 0.0, seconds, aspect)
    before, picture = camera_at(shot, 0.0, seconds, aspect), None
    for number in range(count):
        t = number / max(count - 1, 1)
        camera = camera_at(shot, t, seconds, aspect)
        if shot.walks:
            stage = build_stage(shot, t, seconds, aspect)
        if picture is None or camera != before or shot.walks:
            picture = _smeared(draw(stage, camera, size, light), before, camera)
            picture.flags.writeable = False
        before = camera
        yield _fall(picture, light, number / fps)


def panel(shot: Shot, size: Size, *, overlay: bool = True, at: float = 0.0) -> Picture:
    """The shot's first frame (or the one at `at`, up to 1), with the figures' names and the move as an arrow."""
    aspect, light = size[0] / size[1], light_for(shot)
    camera, stage = camera_at(shot, at, aspect=aspect), build_stage(shot, at, aspect=aspect)
    picture = _fall(draw(stage, camera, size, light), light, at * 4.0)
    if overlay:
        draw_arrow(picture, shot.camera_move, camera)
        draw_labels(picture, stage, camera)
    return picture


def _smeared(picture: Picture, before: Camera, camera: Camera) -> Picture:
    """Motion blur where the camera turns on the spot, fast enough for one to be seen."""
    if before.position != camera.position:
        return picture
    size = (picture.shape[1], picture.shape[0])
    turn = abs(math.radians((camera.yaw - before.yaw + 180) % 360 - 180)) * math.cos(math.radians(camera.pitch))
    length = round(turn * camera.focal * pixels_per_mm(size) * _SHUTTER)
    return picture if length < size[0] / 60 else np.asarray(cv2.blur(picture, (length, 1)), np.uint8)


def _fall(picture: Picture, light: Light, seconds: float) -> Picture:
    """Rain, snow or dust at that time, in three layers of nearness, over a copy of the picture."""
    if not light.falling:
        return picture
    picture, random = picture.copy(), np.random.default_rng(11)
    height, width = picture.shape[:2]
    speed, drift, many, white = {
        "rain": (2.3, 2.0, 110, 0.1),
        "snow": (0.22, 1.0, 100, 0.6),
        "dust": (0.0, 1.0, 90, 0.0),
    }[light.falling]
    colour = (light.horizon * 255 * (1 - white) * 0.96 + 255 * white).clip(0, 255).tolist()
    for near in (0.45, 0.7, 1.0):
        x, y, own = random.random((3, round(many * light.intensity)))
        x = (
            x + seconds * drift * light.wind * near + (light.falling == "snow") * 0.012 * np.sin(seconds * 2 + own * 20)
        ) % 1.1
        y = (y + seconds * speed * near * (0.8 + 0.4 * own)) % 1.1
        at = (np.stack([x, y], axis=1) - 0.05) * (width, height)
        if light.falling == "snow":
            for centre, radius in zip(
                np.rint(at * 16).astype(int).tolist(), (0.6 + own) * near * height / 19, strict=True
            ):
                cv2.circle(picture, centre, round(radius), colour, -1, cv2.LINE_AA, SHIFT)
            continue
        way = np.array([light.wind * 1.6, 1.0]) if light.falling == "rain" else np.array([1.4, 0.05])
        tails = at + way * 0.045 * near * height * (0.6 + 0.8 * own[:, None])
        streaks = np.rint(np.stack([at, tails], axis=1) * 16).astype(np.int32)
        cv2.polylines(picture, list(streaks), False, colour, 1, cv2.LINE_AA, SHIFT)
    return picture
