"""Frames of a clip, and the panel of a storyboard."""

import math
from collections.abc import Iterator

import cv2
import numpy as np

from previz.arrow import draw_arrow
from previz.camera import Camera, Size, pixels_per_mm
from previz.labels import draw_labels
from previz.light import Light, light_for
from previz.moves import camera_at
from previz.raster import SHIFT, Picture
from previz.render import draw
from previz.shot import Shot
from previz.stage import build_stage

_FALLING = {"rain": (2.3, 2.0, 110, 0.02, 0.1), "snow": (0.22, 0.8, 100, 0.004, 0.6), "dust": (0.1, 1.0, 90, 0.03, 0)}


def frames(shot: Shot, size: Size, seconds: float, fps: float = 24) -> Iterator[Picture]:
    """Clean frames of the clip; what does not change is the same read-only array again."""
    aspect, light, count = size[0] / size[1], light_for(shot), max(1, round(seconds * fps))
    before, stage, picture = camera_at(shot, 0.0, seconds, aspect), build_stage(shot, 0.0, seconds, aspect), None
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
        if at == 0:
            draw_arrow(picture, shot.camera_move, camera)
        draw_labels(picture, stage, camera)
    return picture


def _smeared(picture: Picture, before: Camera, camera: Camera) -> Picture:
    # Motion blur of a half-open shutter, where the camera turns on the spot fast enough for it to be seen.
    turn = math.radians((camera.yaw - before.yaw + 180) % 360 - 180) * math.cos(math.radians(camera.pitch))
    length = round(abs(turn) * camera.focal * pixels_per_mm((picture.shape[1], picture.shape[0])) * 0.5)
    slow = before.position != camera.position or length < picture.shape[1] / 60
    return picture if slow else np.asarray(cv2.blur(picture, (length, 1)), np.uint8)


def _fall(picture: Picture, light: Light, seconds: float) -> Picture:
    # Rain, snow or dust at that time, in three layers of nearness, over a copy of the picture.
    falling, intensity, wind = light.fall
    if not falling:
        return picture
    picture, random, (height, width) = picture.copy(), np.random.default_rng(11), picture.shape[:2]
    # how fast it falls and drifts in pictures a second, streaks a layer, length of a streak, how much whiter than haze
    falls, drifts, many, length, white = _FALLING[falling]
    colour = (light.horizon * 245 * (1 - white) + 255 * white).clip(0, 255).tolist()
    for near in (0.45, 0.7, 1.0):
        x, y, own = random.random((3, round(many * intensity)))
        pace = near * np.array([drifts * wind, falls])
        at = np.stack([x, y], axis=1) + seconds * pace * (0.8 + 0.4 * own[:, None])
        tails = at % 1.1 - 0.05 + length * pace * (0.6 + 0.8 * own[:, None])
        streaks = np.stack([at % 1.1 - 0.05, tails], axis=1) * (width, height) * (1 << SHIFT)
        thick = max(1, round((4 if falling == "snow" else 1.4) * near * height / 720))
        cv2.polylines(picture, list(np.rint(streaks).astype(np.int32)), False, colour, thick, cv2.LINE_AA, SHIFT)
    return picture
