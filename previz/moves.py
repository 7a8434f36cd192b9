"""How the camera moves during a shot."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from previz.blocking import marks, walked
from previz.camera import Camera, Floats
from previz.framing import CLOSEST, Framing, frame_shot, look_at, view_angles
from previz.shot import Shot

LOWEST = 0.1


@dataclass(frozen=True)
class _Moment:
    """What a move knows: the framing it starts from, eased and plain time (0 to 1), the clip's length, the fields of view."""

    framing: Framing
    eased: float
    t: float
    seconds: float
    across: float
    upright: float

    @property
    def camera(self) -> Camera:
        return self.framing.camera


def _ease(t: float) -> float:
    """Starts and stops softly, but moves for most of the time."""
    return t * t * (3 - 2 * t) * 0.6 + t * 0.4


def _burst(t: float, start: float, end: float) -> float:
    part = min(max((t - start) / (end - start), 0.0), 1.0)
    return part * part * (3 - 2 * part)


def _shifted(camera: Camera, right: float = 0.0, ahead: float = 0.0, up: float = 0.0) -> Camera:
    """Moved along its own horizontal right, its line of sight, and the vertical (m)."""
    axes = camera.axes()
    level = np.array([math.cos(math.radians(camera.yaw)), -math.sin(math.radians(camera.yaw)), 0.0])
    x, y, z = np.array(camera.position) + level * right + axes[2] * ahead + np.array([0, 0, up])
    return replace(camera, position=(float(x), float(y), max(float(z), LOWEST)))


def _pan(way: int) -> Callable[[_Moment], Camera]:
    return lambda m: replace(m.camera, yaw=m.camera.yaw + way * m.across * 0.30 * (2 * m.eased - 1))


def _whip_pan(m: _Moment) -> Camera:
    swing = _burst(m.t, 0.40, 0.56)
    settle = 0.05 * math.sin(math.pi * _burst(m.t, 0.54, 0.75)) if m.t > 0.54 else 0.0
    return replace(m.camera, yaw=m.camera.yaw + m.across * (0.42 * (swing - 1) + settle))


def _tilt(way: int) -> Callable[[_Moment], Camera]:
    return lambda m: replace(m.camera, pitch=m.camera.pitch + way * m.upright * 0.28 * (2 * m.eased - 1))


def _dolly(reach: float) -> Callable[[_Moment], Camera]:
    """Along the line of sight, from the framing's distance to `reach` times as much."""

    def move(m: _Moment) -> Camera:
        end = max(m.framing.distance * reach, min(m.framing.distance, CLOSEST))
        return _shifted(m.camera, ahead=(m.framing.distance - end) * m.eased)

    return move


def _truck(way: int) -> Callable[[_Moment], Camera]:
    def move(m: _Moment) -> Camera:
        width = 2 * m.framing.distance * math.tan(math.radians(m.across / 2))
        return _shifted(m.camera, right=way * width * 0.30 * (2 * m.eased - 1))

    return move


def _pedestal(way: int) -> Callable[[_Moment], Camera]:
    return lambda m: _shifted(m.camera, up=m.framing.frame * 0.30 * (m.eased if way > 0 else 1 - m.eased))


def _crane(way: int) -> Callable[[_Moment], Camera]:
    def move(m: _Moment) -> Camera:
        up = m.eased if way > 0 else 1 - m.eased
        rise = max(1.2, 0.85 * m.framing.distance)
        return look_at(_shifted(m.camera, ahead=-0.15 * m.framing.distance * up, up=rise * up), m.framing.aim)

    return move


def _orbit(way: int) -> Callable[[_Moment], Camera]:
    def move(m: _Moment) -> Camera:
        turn = math.radians(150 * m.eased * way)
        (ax, ay, _), (x, y, z) = m.framing.aim, m.camera.position
        out = (x - ax, y - ay)
        if math.hypot(*out) < CLOSEST:
            return replace(m.camera, yaw=m.camera.yaw - math.degrees(turn))
        turned = (out[0] * math.cos(turn) - out[1] * math.sin(turn), out[0] * math.sin(turn) + out[1] * math.cos(turn))
        return look_at(replace(m.camera, position=(ax + turned[0], ay + turned[1], z)), m.framing.aim)

    return move


def _fly_over(m: _Moment) -> Camera:
    height = max(m.framing.aim[2] + 0.6 * m.framing.distance, m.camera.position[2], 3.0)
    steepness = math.radians(24 + 34 * m.eased)
    ax, ay, az = m.framing.aim
    return look_at(replace(m.camera, position=(ax, ay - (height - az) / math.tan(steepness), height)), m.framing.aim)


def _zoom(factor: float) -> Callable[[_Moment], Camera]:
    return lambda m: replace(m.camera, focal=m.camera.focal * factor**m.eased)


def _crash_zoom(m: _Moment) -> Camera:
    return replace(m.camera, focal=m.camera.focal * 2.2 ** _burst(m.t, 0.42, 0.58))


def _dolly_zoom(m: _Moment) -> Camera:
    moved = _dolly(0.5)(m)
    left = math.dist(moved.position, m.framing.aim)
    return replace(moved, focal=m.camera.focal * left / m.framing.distance)


def _sway(amount: float, pace: float) -> Callable[[_Moment], Camera]:
    """Carried: sines that do not repeat within a clip, scaled to what the frame shows."""

    def move(m: _Moment) -> Camera:
        s = m.t * m.seconds * pace

        def wave(a: float, b: float) -> float:
            return amount * (math.sin(s * a) + 0.6 * math.sin(s * b + a))

        shift = m.framing.frame * 0.016
        camera = _shifted(m.camera, right=shift * wave(1.9, 4.3), up=shift * wave(2.6, 5.1))
        turn = m.upright * 0.011
        return replace(
            camera,
            yaw=camera.yaw + turn * wave(2.3, 5.9),
            pitch=camera.pitch + turn * wave(3.1, 6.7),
            roll=camera.roll + 0.35 * wave(1.3, 3.7),
        )

    return move


def _steadicam(m: _Moment) -> Camera:
    floating = _sway(0.45, 0.45)(m)
    return _shifted(
        floating, right=0.06 * m.framing.frame * math.sin(m.t * 2.2), ahead=0.16 * m.framing.distance * m.eased
    )


_MOVES: dict[str, Callable[[_Moment], Camera]] = {
    "pan-left": _pan(-1),
    "pan-right": _pan(1),
    "whip-pan": _whip_pan,
    "tilt-up": _tilt(1),
    "tilt-down": _tilt(-1),
    "roll": lambda m: replace(m.camera, roll=m.camera.roll + 24 * m.eased),
    "dolly-in": _dolly(0.55),
    "dolly-out": _dolly(1.8),
    "truck-left": _truck(-1),
    "truck-right": _truck(1),
    "pedestal-up": _pedestal(1),
    "pedestal-down": _pedestal(-1),
    "crane-up": _crane(1),
    "crane-down": _crane(-1),
    "orbit-left": _orbit(-1),
    "orbit-right": _orbit(1),
    "fly-over": _fly_over,
    "zoom-in": _zoom(1.8),
    "zoom-out": _zoom(1 / 1.8),
    "crash-zoom": _crash_zoom,
    "dolly-zoom": _dolly_zoom,
    "handheld": _sway(1.0, 1.0),
    "steadicam": _steadicam,
}


def camera_at(shot: Shot, t: float, seconds: float = 4.0, aspect: float = 16 / 9) -> Camera:
    """The camera at `t` from 0 (first frame) to 1 (last frame) of a clip of so many seconds."""
    framing = frame_shot(shot, aspect)
    camera = framing.camera
    move = _MOVES.get(shot.camera_move)
    if move:
        camera = move(_Moment(framing, _ease(t), t, seconds, *view_angles(camera, aspect)))
    offset = walked(shot, t, seconds)
    x, y, z = camera.position
    bob = 0.008 * math.sin(t * seconds * 11) if offset else 0.0
    camera = replace(camera, position=_outside_figures(shot, (x, y + offset, z + bob), t, seconds))
    focus = max(camera.focus + _travelled(framing, camera, offset), CLOSEST)
    if shot.depth_of_field == "rack-focus":
        focus *= 1 + 1.6 * _burst(t, 0.3, 0.7)
    return replace(camera, focus=focus)


def _travelled(framing: Framing, camera: Camera, offset: float) -> float:
    """How much farther the camera is from what it aims at than when it started; the focus puller follows."""
    x, y, z = framing.aim
    return math.dist(camera.position, (x, y + offset, z)) - framing.distance


def _outside_figures(
    shot: Shot, position: tuple[float, float, float], t: float, seconds: float
) -> tuple[float, float, float]:
    """Pushed sideways out of any figure that the path would cross."""
    x, y, z = position
    for mark in marks(shot, t, seconds):
        radius = {"person": 0.34, "block": 0.5}.get(mark.kind, 0.2)
        out = math.hypot(x - mark.x, y - mark.y)
        if out < radius and mark.foot - 0.1 < z < mark.foot + mark.height + 0.15:
            ux, uy = ((x - mark.x) / out, (y - mark.y) / out) if out > 1e-6 else (0.0, -1.0)
            x, y = mark.x + ux * radius, mark.y + uy * radius
    return x, y, z


def path(shot: Shot, seconds: float = 4.0, aspect: float = 16 / 9, count: int = 9) -> Floats:
    """(count, 3) positions of the camera along its way."""
    return np.array([camera_at(shot, float(t), seconds, aspect).position for t in np.linspace(0, 1, count)])
