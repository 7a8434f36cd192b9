"""How the camera moves during a shot."""

import math
from dataclasses import replace

from previz.blocking import marks, walked
from previz.camera import Camera, visible_mm
from previz.framing import CLOSEST, Framing, frame_shot
from previz.shot import Shot


def _burst(t: float, start: float = 0.0, end: float = 1.0) -> float:
    part = min(max((t - start) / (end - start), 0.0), 1.0)
    return part * part * (3 - 2 * part)


def _shifted(camera: Camera, right: float = 0.0, ahead: float = 0.0, up: float = 0.0) -> Camera:
    # Moved to its right on the level, along its line of sight, and straight up (m).
    yaw, (fx, fy, fz) = math.radians(camera.yaw), camera.axes[2].tolist()
    x, y, z = camera.position
    x, y = x + math.cos(yaw) * right + fx * ahead, y - math.sin(yaw) * right + fy * ahead
    return replace(camera, position=(x, y, max(z + fz * ahead + up, 0.1)))


def _swaying(camera: Camera, shift: float, turn: float, s: float) -> Camera:
    # Carried: sines that do not repeat within a clip.

    def wave(a: float, b: float) -> float:
        return math.sin(s * a) + 0.6 * math.sin(s * b + a)

    camera = _shifted(camera, right=shift * wave(1.9, 4.3), up=shift * wave(2.6, 5.1))
    yaw, pitch = camera.yaw + turn * wave(2.3, 5.9), camera.pitch + turn * wave(3.1, 6.7)
    return replace(camera, yaw=yaw, pitch=pitch, roll=camera.roll + turn * 1.5 * wave(1.3, 3.7))


def _dollied(framing: Framing, reach: float, share: float) -> Camera:
    # Along the line to what it aims at, from the framing's distance towards `reach` times as much.
    end = max(framing.distance * reach, min(framing.distance, CLOSEST))
    return _shifted(framing.camera, ahead=(framing.distance - end) * share)


def _moved(move: str, framing: Framing, t: float, seconds: float, aspect: float) -> Camera:
    camera, aim, distance, eased = framing.camera, framing.aim, framing.distance, 0.6 * _burst(t) + 0.4 * t
    across, upright = (2 * math.degrees(math.atan(mm / 2 / camera.focal)) for mm in visible_mm(aspect))
    way = -1 if move.endswith(("-left", "-down")) else 1
    sweep, rise = way * (2 * eased - 1), eased if way > 0 else 1 - eased
    match move:
        case "pan-left" | "pan-right" | "whip-pan":
            # A whip pan starts with the subject at the edge and lands on it.
            share = 0.42 * (_burst(t, 0.40, 0.56) - 1) if move == "whip-pan" else 0.30 * sweep
            return replace(camera, yaw=camera.yaw + across * share)
        case "tilt-up" | "tilt-down":
            return replace(camera, pitch=camera.pitch + upright * 0.28 * sweep)
        case "roll":
            return replace(camera, roll=camera.roll + 24 * eased)
        case "dolly-in":
            return _dollied(framing, 0.55, eased).aimed(framing.closer(0.55, eased))
        case "dolly-out":
            return _dollied(framing, 1.8, eased)
        case "truck-left" | "truck-right":
            return _shifted(camera, right=framing.frame * aspect * 0.30 * sweep)
        case "pedestal-up" | "pedestal-down":
            return _shifted(camera, up=framing.frame * 0.30 * rise)
        case "crane-up" | "crane-down":
            return _shifted(camera, ahead=-0.15 * distance * rise, up=max(1.2, 0.85 * distance) * rise).aimed(aim)
        case "orbit-left" | "orbit-right":
            x, y, turn = camera.position[0] - aim[0], camera.position[1] - aim[1], math.radians(150 * eased * way)
            if math.hypot(x, y) < CLOSEST:  # straight overhead it can only turn
                return replace(camera, yaw=camera.yaw - math.degrees(turn))
            x, y = x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)
            return replace(camera, position=(aim[0] + x, aim[1] + y, camera.position[2])).aimed(aim)
        case "fly-over":
            height = max(aim[2] + 0.6 * distance, camera.position[2], 3.0)
            back = (height - aim[2]) / math.tan(math.radians(24 + 34 * eased))
            return replace(camera, position=(aim[0], aim[1] - back, height)).aimed(aim)
        case "zoom-in" | "crash-zoom":
            factor, share = (1.8, eased) if move == "zoom-in" else (2.2, _burst(t, 0.42, 0.58))
            zoomed = replace(camera, focal=camera.focal * factor**share)
            return zoomed.aimed(framing.closer(1 / factor, share))
        case "zoom-out":
            return replace(camera, focal=camera.focal / 1.8**eased)
        case "dolly-zoom":
            closer = _dollied(framing, 0.5, eased)
            return replace(closer, focal=camera.focal * math.dist(closer.position, aim) / distance)
        case "handheld":
            return _swaying(camera, framing.frame * 0.016, upright * 0.011, t * seconds)
        case "steadicam":
            return _swaying(_dollied(framing, 0.84, eased), framing.frame * 0.012, upright * 0.004, t * seconds * 0.45)
    return camera


def camera_at(shot: Shot, t: float, seconds: float = 4.0, aspect: float = 16 / 9) -> Camera:
    """The camera at `t` from 0 (first frame) to 1 (last frame) of a clip of so many seconds."""
    framing = frame_shot(shot, aspect)
    camera = _moved(shot.camera_move, framing, t, seconds, aspect)
    # The focus puller follows what the camera aims at, however it moves.
    rack = 1.6 * _burst(t, 0.3, 0.7) if shot.depth_of_field == "rack-focus" else 0.0
    focus = max(math.dist(camera.position, framing.aim), CLOSEST) * (1 + rack)
    (x, y, z), offset = camera.position, walked(shot, t, seconds)
    y, z = y + offset, z + (0.008 * math.sin(t * seconds * 11) if offset else 0.0)
    for mark in marks(shot, t, seconds):
        # A path that crosses a figure bends round it.
        out = math.hypot(x - mark.x, y - mark.y)
        if out < mark.kind.radius and -0.1 < z - mark.kind.foot < mark.kind.height + 0.15:
            ux, uy = ((x - mark.x) / out, (y - mark.y) / out) if out > 1e-6 else (0.0, -1.0)
            x, y = mark.x + ux * mark.kind.radius, mark.y + uy * mark.kind.radius
    return replace(camera, position=(x, y, z), focus=focus)
