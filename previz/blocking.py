"""Who or what stands where on stage."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from previz.camera import Point
from previz.shot import Shot


class Kind(NamedTuple):
    """What stands on a mark: how high it and its foot are, and how near a camera may come (m). An object is on a table."""

    height: float
    foot: float
    radius: float


PERSON, BLOCK, OBJECT = Kind(1.75, 0, 0.34), Kind(1.1, 0, 0.5), Kind(0.24, 0.8, 0.3)
# The others stand beside and behind the first figure, so that no one is between the camera and the subject.
_GROUP = ((0.0, 0.0), (-0.95, 0.35), (0.98, 0.30), (-1.75, 0.95), (1.80, 0.90), (0.52, 1.45))


@dataclass(frozen=True)
class Mark:
    """A place on the floor; facing 0 looks towards the camera, 90 to the right of the picture."""

    words: str
    kind: Kind
    x: float
    y: float
    facing: float = 0.0

    @property
    def middle(self) -> Point:
        return self.x, self.y, self.kind.foot + self.kind.height / 2


def walked(shot: Shot, t: float, seconds: float) -> float:
    """How far along y the figures have walked: 1.3 m a second, but no more than a set has room for."""
    way = {"follow": 1.0, "lead": -1.0}.get(shot.camera_move, 0.0)
    return way * t * min(1.3 * seconds, 8.0)


def marks(shot: Shot, t: float = 0.0, seconds: float = 4.0) -> list[Mark]:
    """The figures of the shot; the first is the one the camera is about."""
    people, thing, offset = shot.people, shot.subject.strip(), walked(shot, t, seconds)
    turned = 180.0 if shot.camera_move == "follow" else 0.0

    def group(names: tuple[str, ...], first: int, back: float) -> list[Mark]:
        places = zip(names, _GROUP[first:], strict=False)
        return [Mark(n, PERSON, x, y + back + offset, turned - math.copysign(14, x or 1)) for n, (x, y) in places]

    if shot.shot_type == "insert":
        return [Mark(thing, OBJECT, 0.0, offset, turned - 24), *group(people, 0, 1.6)]
    if not people:
        return [Mark(thing, BLOCK, 0.0, offset, turned - 24)]
    if shot.shot_type == "over-the-shoulder":
        near = Mark(people[1], PERSON, -0.30, offset - 1.25, 174.0)
        return [Mark(people[0], PERSON, 0.0, offset, -8.0), near, *group(people[2:], 1, 0.8)]
    if len(people) == 2:
        turn = 0.0 if shot.walks else 32.0
        left = Mark(people[0], PERSON, -0.46, offset, turned + turn)
        return [left, Mark(people[1], PERSON, 0.46, offset + 0.08, turned - turn)]
    return group(people, 0, 0.0)
