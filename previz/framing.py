"""Where a camera stands for a shot type, an angle and a lens, before it moves."""

import math
from dataclasses import dataclass, replace

from previz.blocking import BLOCK, OBJECT, Mark, marks
from previz.camera import Camera, Point, visible_mm
from previz.shot import Shot

# Height and centre of the frame in heights of a standing person, and the focal length when no lens is named.
_FRAMES: dict[str, tuple[float, float, float]] = {
    "establishing": (6.2, 1.35, 28), "extreme-wide": (12.5, 2.6, 24), "wide": (2.15, 0.66, 32), "full": (1.26, 0.51, 40),
    "medium-wide": (0.85, 0.675, 45), "medium-full": (0.71, 0.745, 50), "medium": (0.57, 0.80, 50),
    "medium-close-up": (0.38, 0.875, 65), "close-up": (0.27, 0.905, 85), "extreme-close-up": (0.125, 0.935, 100),
    "two-shot": (0.62, 0.79, 50), "over-the-shoulder": (0.44, 0.865, 60), "point-of-view": (1.05, 0.60, 35),
    "aerial": (10.0, 0.4, 28), "": (1.45, 0.52, 40),
}  # fmt: skip
_FOCAL = {"fisheye": 14.0, "ultra-wide": 18.0, "wide": 26.0, "normal": 50.0, "portrait": 85.0, "telephoto": 135.0}
_FOCAL |= {"macro": 100.0, "anamorphic": 40.0, "tilt-shift": 45.0, "vintage": 50.0}
_F_STOP = {"shallow": 1.8, "medium": 5.6, "rack-focus": 1.8}
# Height of the lens in heights of the subject, for a camera that looks about straight ahead.
_LEVEL = {"eye-level": 0.935, "shoulder-level": 0.82, "hip-level": 0.53, "ground-level": 0.07}
_ELEVATION = {"low": -26.0, "high": 36.0, "overhead": 90.0}
_HOLDS_PAIR = ("medium", "medium-full", "medium-wide")
_HOLDS_FIRST = ("medium-close-up", "close-up", "extreme-close-up", "over-the-shoulder", "insert")
CLOSEST = 0.4


@dataclass(frozen=True)
class Framing:
    """The camera as the shot's words place it, what it aims at and how far away, and how high the frame is there."""

    camera: Camera
    aim: Point
    distance: float
    frame: float
    first: Mark

    def closer(self, frame: float, share: float) -> Point:
        """What to aim at on the way to a frame so much smaller: the first figure, and not a headless chest."""
        (x, y, z), top = self.aim, self.first.kind.foot + self.first.kind.height * 1.06
        height = min(max(z, top - self.frame * frame / 2), top)
        return x + (self.first.x - x) * share, y, z + (height - z) * share


def frame_shot(shot: Shot, aspect: float = 16 / 9) -> Framing:
    """The camera for the shot's type, angle and lens in a picture `aspect` times as wide as high."""
    group = marks(shot)
    first, angle = group[0], shot.camera_angle
    frame, centre, focal = (2.2, 0.42, 85.0) if first.kind is OBJECT else _FRAMES.get(shot.shot_type, _FRAMES[""])
    if first.kind is BLOCK and frame < 1.4:
        # A thing has no face to come close to: the closest shots are filled by it, down from its top.
        frame = 0.68 + 0.65 * frame
        centre = 0.5 if frame > 1.1 else 1.07 - frame / 2
    frame, centre = frame * first.kind.height, first.kind.foot + centre * first.kind.height
    if shot.interior and frame > 4:
        frame, centre, focal = 4 + (frame - 4) * 0.12, 1.5 + (centre - 1.5) * 0.1, min(focal, 24)
    focal = _FOCAL.get(shot.lens, 20.0 if angle == "worms-eye" else focal)
    wide, high = visible_mm(aspect)
    pair = len(group) == 2 if shot.shot_type in _HOLDS_PAIR else shot.shot_type == "two-shot"
    held = group[:2] if pair else group[:1] if shot.shot_type in (*_HOLDS_PAIR, *_HOLDS_FIRST) else group
    left, right = min(m.x for m in held), max(m.x for m in held)
    distance = focal * max(frame / high, (right - left + min(0.8, frame)) / wide)
    # Nearer than this, a wide lens would be inside the subject, or in front of the shoulder it looks over.
    closest = 1.95 if shot.shot_type == "over-the-shoulder" else 0.75 if first.kind is BLOCK else CLOSEST
    distance = max(distance, closest)
    # A frame that grows to hold everyone, or for a narrow picture, grows downwards more than over their heads.
    aim = ((left + right) / 2, first.y, centre - 0.32 * max(0.0, distance * high / focal - frame))
    top, roll = first.kind.foot + first.kind.height, 0.0
    aerial, neutral = shot.shot_type == "aerial", {"aerial": 38.0, "insert": 16.0}.get(shot.shot_type, 0.0)
    if angle == "worms-eye":
        out, height = min(max(0.42 * distance, 0.75), 0.25 * focal), 0.1
        aim = (aim[0], aim[1], min(aim[2] + 0.15 * distance, top * 1.02))
    elif angle in _ELEVATION or neutral:
        elevation = math.radians(max(_ELEVATION.get(angle, neutral), neutral if aerial else -90.0))
        out, height = math.cos(elevation) * distance, max(aim[2] + math.sin(elevation) * distance, 0.12)
        if angle == "overhead":
            out, height = 0.0, max(height, top + 0.45)
    else:
        height = max(_LEVEL.get(angle, 0.9) * top, 0.12)
        out = max(math.sqrt(max(distance**2 - (height - aim[2]) ** 2, 0.0)), 0.75 * distance, closest)
        roll = 14.0 if angle == "dutch" else 0.0
    camera = Camera((aim[0], aim[1] - out, height), roll=roll, focal=focal).aimed(aim)
    reach = math.dist(camera.position, aim)
    camera = replace(camera, focus=reach, f_stop=_F_STOP.get(shot.depth_of_field, math.inf))
    return Framing(camera, aim, reach, reach * high / focal, first)
