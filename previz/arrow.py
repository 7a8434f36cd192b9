"""The camera's move as an arrow in the picture, drawn in perspective."""

from __future__ import annotations

import math

import cv2
import numpy as np

from previz.camera import NEAR, Camera, Floats, to_pixels, to_view, visible_mm
from previz.raster import SHIFT, Picture, fixed
from previz.shot import Shot

_ACCENT = (206, 74, 44)
_HALO = (252, 250, 247)


class _Space:
    """Points given in heights of the frame: right and up of its middle, at a share of the focus distance."""

    def __init__(self, camera: Camera, aspect: float) -> None:
        self.camera, self.aspect = camera, aspect
        self.distance = camera.focus
        self.frame = self.distance * visible_mm(aspect)[1] / camera.focal
        self.axes = camera.axes

    def points(self, right: Floats, up: Floats, depth: Floats | float = 1.0) -> Floats:
        u, v, z = np.broadcast_arrays(right, up, depth)
        offsets = np.stack([u * self.frame, v * self.frame, z * self.distance], axis=-1)
        world: Floats = np.array(self.camera.position) + offsets @ self.axes
        return world


def _ribbon(line: Floats, across: Floats, width: float, *, head: bool = True) -> Floats:
    """A flat arrow along a line (n, 3), as wide as `width` along the unit vectors `across` (n, 3) or (3,)."""
    across = np.broadcast_to(across, line.shape) * width / 2
    if not head:
        return np.concatenate([line + across, (line - across)[::-1]])
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    neck = max(int(np.searchsorted(lengths, lengths[-1] - max(2.0 * width, 0.22 * lengths[-1]))), 1)
    body, sides = line[: neck + 1], across[: neck + 1]
    barb = sides[-1] * 2.3
    return np.concatenate([body + sides, [body[-1] + barb, line[-1], body[-1] - barb], (body - sides)[::-1]])


def _arrows(shot: Shot, space: _Space) -> list[Floats]:
    move, aspect = shot.camera_move, space.aspect
    right, up, forward = space.axes
    s = np.linspace(0, 1, 25)
    zero = np.zeros_like(s)
    width, low, side = 0.042 * space.frame, -0.37, min(0.40 * aspect, 0.62)
    way = -1.0 if move.endswith(("left", "down", "out")) else 1.0
    run = s if way > 0 else 1 - s
    half = 0.27 * aspect

    def corners(inwards: bool) -> list[Floats]:
        ends = np.linspace(0.44, 0.33, 6) if inwards else np.linspace(0.33, 0.44, 6)
        found = []
        for x in (-1, 1):
            for y in (-1, 1):
                slant = (right * y * -x + up) / math.sqrt(2) if x * y > 0 else (right + up) / math.sqrt(2)
                found.append(_ribbon(space.points(x * (0.5 * aspect - 0.5 + ends), y * ends), slant, width * 0.8))
        return found

    def floor(ahead: bool) -> Floats:
        depth = np.linspace(0.56, 1.05, 25) if ahead else np.linspace(1.05, 0.56, 25)
        return _ribbon(space.points(zero, zero - 0.235, depth), right, width * 1.5)

    if move.startswith("pan-") or move == "whip-pan":
        # On a cylinder about the camera: bowed as the sweep is.
        u = (2 * run - 1) * half
        line = space.points(u, zero + low, np.sqrt(np.maximum(1 - (u * space.frame / space.distance) ** 2, 0.2)))
        ribbons = [_ribbon(line, up, width)]
        if move == "whip-pan":
            ribbons += [
                _ribbon(space.points((s - 1) * half * 0.8, zero + low + lift), up, width * 0.14, head=False)
                for lift in (0.05, -0.05)
            ]
        return ribbons
    if move.startswith("tilt-"):
        bow = 0.05 * (1 - (2 * s - 1) ** 2)
        return [_ribbon(space.points(side + bow, (2 * run - 1) * 0.27), right, width)]
    if move == "roll":
        turn = np.radians(140 - 100 * s)
        spokes = np.cos(turn)[:, None] * right + np.sin(turn)[:, None] * up
        return [_ribbon(space.points(0.4 * np.cos(turn), 0.4 * np.sin(turn)), spokes, width)]
    if move.startswith("truck-"):
        return [_ribbon(space.points((2 * run - 1) * half, zero + low), up, width)]
    if move.startswith("pedestal-"):
        return [_ribbon(space.points(zero + side, (2 * run - 1) * 0.27), right, width)]
    if move.startswith("crane-"):
        return [_ribbon(space.points(side + 0.09 * run**2, (2 * run - 1) * 0.27, 1 - 0.18 * run), right, width)]
    if move.startswith("orbit-"):
        turn = (2 * run - 1) * 1.25
        return [
            _ribbon(space.points(0.30 * aspect * np.sin(turn), zero - 0.27, 1 - 0.28 * np.cos(turn)), up, width * 0.9)
        ]
    if move in ("dolly-in", "follow", "fly-over", "steadicam", "dolly-zoom", "dolly-out", "lead"):
        found = [floor(ahead=move not in ("dolly-out", "lead"))]
        return found + corners(inwards=False) if move == "dolly-zoom" else found
    if move in ("zoom-in", "crash-zoom", "zoom-out"):
        return corners(inwards=move != "zoom-out")
    if move == "handheld":
        return [
            _ribbon(
                space.points((2 * s - 1) * 0.2 * aspect, low + 0.022 * np.sin(s * 15)), up, width * 0.55, head=False
            )
        ]
    return []


def draw_arrow(picture: Picture, shot: Shot, camera: Camera) -> None:
    """Draws the shot's move into the picture; a static camera has none."""
    height, width = picture.shape[:2]
    for ribbon in _arrows(shot, _Space(camera, width / height)):
        view = to_view(camera, ribbon)
        if view[:, 2].min() < NEAR:
            continue
        pixels = to_pixels(camera, view, (width, height))
        outline = fixed(pixels)
        cv2.polylines(picture, [outline], True, _HALO, max(2, round(height / 120)), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(picture, [outline], _ACCENT, cv2.LINE_AA, SHIFT)
