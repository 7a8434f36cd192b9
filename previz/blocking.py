"""Who or what stands where on stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from previz.camera import Point
from previz.shot import Shot

TABLE = 0.8
WALKING_SPEED, LONGEST_WALK = 1.3, 8.0
# height, radius that no camera enters
_SIZES = {"person": (1.75, 0.34), "block": (1.1, 0.5), "object": (0.24, 0.15), "table": (TABLE, 0.0)}
# The others stand beside and behind the first figure, so that nobody is between the camera and the subject.
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
        return _SIZES[self.kind][0]

    @property
    def radius(self) -> float:
        return _SIZES[self.kind][1]

    @property
    def foot(self) -> float:
        return TABLE if self.kind == "object" else 0.0

    @property
    def middle(self) -> Point:
        return self.x, self.y, self.foot + self.height / 2


def walked(shot: Shot, t: float, seconds: float) -> float:
    """How far along y the figures have walked."""
    way = {"follow": 1.0, "lead": -1.0}.get(shot.camera_move, 0.0)
    return way * t * min(WALKING_SPEED * seconds, LONGEST_WALK)


def marks(shot: Shot, t: float = 0.0, seconds: float = 4.0) -> list[Mark]:
    """The figures of the shot; the first is the one the camera is about."""
    people, offset = shot.people, walked(shot, t, seconds)
    turned = 180.0 if shot.camera_move == "follow" else 0.0

    def group(names: tuple[str, ...], spots: tuple[tuple[float, float], ...], back: float) -> list[Mark]:
        facings = [turned - math.copysign(14, x or 1) for x, _ in spots]
        placed = zip(names, spots, facings, strict=False)
        return [Mark(name, "person", x, y + back + offset, facing) for name, (x, y), facing in placed]

    if shot.shot_type == "insert":
        return [Mark(shot.subject.strip(), "object", 0.0, offset, turned - 24), *group(people, _GROUP, 1.6)]
    if not people:
        return [Mark(shot.subject.strip(), "block", 0.0, offset, turned - 24)]
    if shot.shot_type == "over-the-shoulder":
        near = Mark(people[1], "person", -0.30, offset - 1.25, 174.0)
        return [Mark(people[0], "person", 0.0, offset, -8.0), near, *group(people[2:], _GROUP[1:], 0.8)]
    if len(people) == 2:
        turn = 0.0 if shot.walks else 32.0
        left = Mark(people[0], "person", -0.46, offset, turned + turn)
        return [left, Mark(people[1], "person", 0.46, offset + 0.08, turned - turn)]
    return group(people, _GROUP, 0.0)
