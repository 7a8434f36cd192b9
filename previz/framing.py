"""Where a camera stands for a shot type, an angle and a lens, before it moves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from previz.blocking import BLOCK, PERSON, Mark, marks
from previz.camera import Camera, visible_mm
from previz.shot import Shot

# shot type: height and centre of the frame in heights of a standing person, focal length when no lens is named.
_FRAMES: dict[str, tuple[float, float, float]] = {
    "establishing": (6.2, 1.35, 28),
    "extreme-wide": (12.5, 2.6, 24),
    "wide": (2.15, 0.66, 32),
    "full": (1.26, 0.51, 40),
    "medium-wide": (0.85, 0.675, 45),
    "medium-full": (0.71, 0.745, 50),
    "medium": (0.57, 0.80, 50),
    "medium-close-up": (0.38, 0.875, 65),
    "close-up": (0.27, 0.905, 85),
    "extreme-close-up": (0.125, 0.935, 100),
    "two-shot": (0.62, 0.79, 50),
    "over-the-shoulder": (0.44, 0.865, 60),
    "point-of-view": (1.05, 0.60, 35),
    "insert": (0.27, 0.50, 85),
    "aerial": (17.0, 0.4, 28),
}
_NEUTRAL = (1.45, 0.52, 40)
_FOCAL = {
    "fisheye": 14.0, "ultra-wide": 18.0, "wide": 26.0, "normal": 50.0, "portrait": 85.0, "telephoto": 135.0,
    "macro": 100.0, "anamorphic": 40.0, "tilt-shift": 45.0, "vintage": 50.0,
}  # fmt: skip
_F_STOP = {"shallow": 1.8, "medium": 5.6, "rack-focus": 1.8}
# Height of the lens in heights of the subject, for a camera that looks about straight ahead.
_LEVEL = {"eye-level": 0.935, "shoulder-level": 0.82, "hip-level": 0.53, "ground-level": 0.07, "dutch": 0.9}
_ELEVATION = {"low": -26.0, "high": 36.0, "overhead": 90.0}
_WHOLE_GROUP = ("", "establishing", "extreme-wide", "wide", "full", "aerial", "point-of-view", "medium-wide")
CLOSEST = 0.4


@dataclass(frozen=True)
class Framing:
    """The camera of the first idea of a shot, what it aims at, and how high the frame is there (m)."""

    camera: Camera
    aim: tuple[float, float, float]
    distance: float
    frame: float


def _subject_frame(shot: Shot, first: Mark) -> tuple[float, float, float]:
    """Height and centre of the frame in metres, and the focal length the shot type asks for."""
    height, centre, focal = _FRAMES.get(shot.shot_type, _NEUTRAL)
    if first.kind == "object":
        return 0.52, first.foot + first.height * 0.42, focal
    if first.kind == "block" and height < 3:
        # A thing has no face to come close to: a close-up is filled by it, and only a detail is cut by the frame.
        height, centre = 0.52 + 0.78 * height, 0.5 + 0.25 * max(0.0, 0.5 - height)
        height, centre = height * BLOCK, centre * BLOCK
    else:
        height, centre = height * PERSON, centre * PERSON
    if shot.interior and height > 4:
        height, centre = 4 + (height - 4) * 0.12, 1.5 + (centre - 1.5) * 0.1
        focal = min(focal, 24)
    return height, centre, focal


def frame_shot(shot: Shot, aspect: float = 16 / 9) -> Framing:
    """The camera for the shot's type, angle and lens in a picture `aspect` times as wide as high."""
    group = marks(shot)
    first = group[0]
    frame, centre, focal = _subject_frame(shot, first)
    if shot.camera_angle == "worms-eye":
        focal = 20.0
    focal = _FOCAL.get(shot.lens, focal)
    wide, high = visible_mm(aspect)
    holds = (
        group
        if shot.shot_type in _WHOLE_GROUP
        else group[:2]
        if shot.shot_type in ("two-shot", "medium", "medium-full")
        else group[:1]
    )
    if shot.shot_type == "medium" and len(group) > 2:
        holds = group[:1]
    left, right = min(m.x for m in holds), max(m.x for m in holds)
    nearest = min(m.y for m in holds)
    aim = ((left + right) / 2, first.y, centre)
    width = right - left + min(0.8, frame)
    distance = focal * max(frame / high, width / wide)
    closest = CLOSEST if first.kind != "block" else 0.75
    if shot.shot_type == "over-the-shoulder":
        aim = (aim[0] - 0.05, aim[1], aim[2])
        closest = 1.95
    distance = max(distance, closest, CLOSEST - nearest)
    frame = distance * high / focal

    eye = first.foot + first.height
    angle, elevation, roll = shot.camera_angle, 0.0, 0.0
    if angle == "worms-eye":
        away = min(max(0.42 * distance, 0.75), 0.25 * focal)
        position = (aim[0], aim[1] - away, 0.1)
        aim = (aim[0], aim[1], min(aim[2] + 0.35 * frame, eye * 1.02))
    elif angle in _ELEVATION or shot.shot_type in ("aerial", "insert") or (not angle and frame > 8):
        neutral = {"aerial": 38.0, "insert": 16.0}.get(shot.shot_type, 6.0)
        elevation = _ELEVATION.get(angle, neutral if angle in ("", "eye-level") or shot.shot_type == "aerial" else 0.0)
        if shot.shot_type == "aerial":
            elevation = max(elevation, neutral)
        rise, out = math.sin(math.radians(elevation)) * distance, math.cos(math.radians(elevation)) * distance
        position = (aim[0], aim[1] - out, max(aim[2] + rise, 0.12))
        if elevation == 90:
            position = (aim[0], aim[1], max(position[2], eye + 0.45))
            aim = (aim[0], aim[1], min(eye, aim[2]))
    else:
        tall = eye if first.kind != "object" else PERSON
        height = max(_LEVEL.get(angle, 0.9) * tall, 0.12)
        # A camera on the ground that keeps its distance would look past a low subject's feet: it steps back to aim up.
        out = max(math.sqrt(max(distance**2 - (height - aim[2]) ** 2, 0.0)), 0.75 * distance, closest)
        position = (aim[0], aim[1] - out, height)
        roll = 14.0 if angle == "dutch" else 0.0
    if shot.shot_type == "over-the-shoulder" and elevation < 60:
        position = (aim[0] + 0.06, position[1], position[2])
    camera = look_at(Camera(position, roll=roll, focal=focal), aim)
    reach = math.dist(position, aim)
    return Framing(_optics(shot, camera, reach), aim, reach, reach * high / focal)


def _optics(shot: Shot, camera: Camera, reach: float) -> Camera:
    return replace(
        camera,
        focus=reach,
        f_stop=_F_STOP.get(shot.depth_of_field, math.inf),
        barrel=0.28 if shot.lens == "fisheye" else 0.0,
        squeeze=0.5 if shot.lens == "anamorphic" else 1.0,
        tilt_shift=shot.lens == "tilt-shift",
    )


def look_at(camera: Camera, aim: tuple[float, float, float]) -> Camera:
    x, y, z = (to - at for to, at in zip(aim, camera.position, strict=True))
    flat = math.hypot(x, y)
    yaw = math.degrees(math.atan2(x, y)) if flat > 1e-6 else camera.yaw
    return replace(camera, yaw=yaw, pitch=math.degrees(math.atan2(z, flat)))


def view_angles(camera: Camera, aspect: float) -> tuple[float, float]:
    """Horizontal and vertical field of view in degrees."""
    wide, high = visible_mm(aspect)
    return tuple(2 * math.degrees(math.atan(mm / 2 / camera.focal)) for mm in (wide, high))  # type: ignore[return-value]
