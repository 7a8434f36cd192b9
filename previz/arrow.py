"""The camera's move as an arrow in the picture, drawn in perspective."""

import math

import cv2
import numpy as np

from previz.camera import Camera, Floats, to_pixels, visible_mm
from previz.raster import SHIFT, Picture, fixed

_ACCENT, _HALO, _WIDTH = (206, 74, 44), (252, 250, 247), 0.042
_AHEAD = ("dolly-in", "follow", "fly-over", "steadicam", "dolly-zoom", "dolly-out", "lead")


def _paths(move: str, aspect: float) -> list[Floats]:
    # Lines (n, 3): right and up of the picture's middle in heights of the frame, and depth in focus distances.
    s = np.linspace(0, 1, 25)[:: -1 if move.endswith(("-left", "-down", "-out")) or move == "lead" else 1]
    u, v, z = np.zeros(25), np.full(25, -0.37), np.ones(25)
    across, side, found = (2 * s - 1) * 0.27, min(0.38 * aspect, 0.6), []
    if move in _AHEAD:
        found.append((u, v + 0.135, 0.56 + 0.49 * s))
    if "zoom" in move:
        # Towards the middle where the lens closes in, outwards where it opens.
        length = np.linspace(0.44, 0.33, 25) if move in ("zoom-in", "crash-zoom") else np.linspace(0.33, 0.44, 25)
        found += [(x * (0.5 * aspect - 0.5 + length), y * length, z) for x in (-1, 1) for y in (-1, 1)]
    elif move.startswith(("pan-", "whip-", "truck-")):
        found.append((across * aspect, v, z if move.startswith("truck-") else z - across**2))
    elif move.startswith(("tilt-", "pedestal-", "crane-")):
        bow = {"tilt": 0.05 - 0.7 * across**2, "crane": 0.07 * s**2 - 0.06}.get(move.partition("-")[0], 0 * s)
        found.append((side + bow, across, z - 0.15 * s if move.startswith("crane-") else z))
    elif move.startswith("orbit-"):
        turn = (2 * s - 1) * 1.25
        found.append((0.30 * aspect * np.sin(turn), v + 0.10, 1 - 0.28 * np.cos(turn)))
    elif move == "roll":
        turn = np.radians(140 - 100 * s)
        found.append((0.40 * min(aspect, 1) * np.cos(turn), 0.40 * np.sin(turn), z))
    return [np.stack(path, axis=1) for path in found]


def _ribbon(path: Floats, frame: float, aspect: float) -> Floats:
    # A flat arrow (m, 3) along a path in view coordinates, turned to the camera, or lying where it leads ahead.
    line, width = path * (frame, frame, 1.0), _WIDTH * frame * min(aspect, 1)
    tangent = np.gradient(line, axis=0)
    sides = np.stack([-tangent[:, 1], tangent[:, 0], 0 * line[:, 2]], axis=1)
    if np.abs(sides).max() < 1e-9:
        sides, width = np.tile([-math.copysign(1.0, tangent[0, 2]), 0, 0], (25, 1)), 1.5 * width
    sides *= width / 2 / np.linalg.norm(sides, axis=1, keepdims=True)
    left = np.linalg.norm(np.diff(line, axis=0), axis=1)[::-1].cumsum()[::-1]
    neck = max(int((left > max(2 * width, 0.22 * left[0])).sum()), 1)
    body, barb = line[: neck + 1], 2.3 * sides[neck]
    tip = [body[-1] + barb, line[-1], body[-1] - barb]
    return np.concatenate([body + sides[: neck + 1], tip, (body - sides[: neck + 1])[::-1]])


def draw_arrow(picture: Picture, move: str, camera: Camera) -> None:
    """Draws the move into the picture; a camera that goes nowhere has no arrow."""
    height, width = picture.shape[:2]
    for path in _paths(move, width / height):
        ribbon = _ribbon(path, visible_mm(width / height)[1] / camera.focal, width / height)
        outline = fixed(to_pixels(camera, ribbon, (width, height)))
        cv2.polylines(picture, [outline], True, _HALO, max(2, round(height / 120)), cv2.LINE_AA, SHIFT)
        cv2.fillPoly(picture, [outline], _ACCENT, cv2.LINE_AA, SHIFT)
