"""Who or what stands where on stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from previz.shot import Shot

PERSON, BLOCK, OBJECT = 1.75, 1.1, 0.24
TABLE = 0.8
WALKING_SPEED = 1.3
LONGEST_WALK = 8.0

# Left and right of the first figure and behind it, so that nobody stands between the camera and the subject.
_GROUP = ((0.0, 0.0), (-0.95, 0.35), (0.98, 0.30), (-1.75, 0.95), (1.80, 0.90), (0.52, 1.45))


@dataclass(frozen=True)
class Mark:
    """A place on the floor; facing 0 looks towards the camera, 90 to the right of the picture."""

    words: str
    kind: str
    x: float
    y: float
    facing: float = 0.0

    @property
    def height(self) -> float:
        return {"person": PERSON, "block": BLOCK}.get(self.kind, OBJECT)

    @property
    def foot(self) -> float:
        return TABLE if self.kind == "object" else 0.0


def walked(shot: Shot, t: float, seconds: float) -> float:
    """How far along y the figures have walked."""
    way = {"follow": 1.0, "lead": -1.0}.get(shot.camera_move, 0.0)
    return way * t * min(WALKING_SPEED * seconds, LONGEST_WALK)


def marks(shot: Shot, t: float = 0.0, seconds: float = 4.0) -> list[Mark]:
    """The figures of the shot; the first is the one the camera is about."""
    people, offset = shot.people, walked(shot, t, seconds)
    facing = 180.0 if shot.camera_move == "follow" else 0.0
    if shot.shot_type == "insert":
        behind = [
            Mark(name, "person", x, y + offset + 1.6, facing) for name, (x, y) in zip(people, _GROUP, strict=False)
        ]
        return [Mark(shot.subject.strip(), "object", 0.0, offset, facing - 24), *behind]
    if not people:
        return [Mark(shot.subject.strip(), "block", 0.0, offset, facing - 24)]
    if shot.shot_type == "over-the-shoulder":
        near = Mark(people[1], "person", -0.30, -1.25 + offset, 180 - 6)
        rest = [
            Mark(n, "person", x * 1.3, y + offset + 0.8, facing)
            for n, (x, y) in zip(people[2:], _GROUP[1:], strict=False)
        ]
        return [Mark(people[0], "person", 0.0, offset, -8.0), near, *rest]
    if len(people) == 2:
        turn = 32.0 if not facing else 0.0
        return [
            Mark(people[0], "person", -0.46, offset, facing + turn),
            Mark(people[1], "person", 0.46, offset + 0.08, facing - turn),
        ]
    if len(people) == 1:
        return [Mark(people[0], "person", 0.0, offset, facing or -14.0)]
    return [
        Mark(name, "person", x, y + offset, facing - 14 * math.copysign(1, x))
        for name, (x, y) in zip(people, _GROUP, strict=False)
    ]
