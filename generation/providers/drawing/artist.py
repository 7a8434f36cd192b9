"""Decides from a reading of the shot what goes on which layer, and where."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from generation.providers.base import Shot
from generation.providers.drawing import (
    closeups,
    expanses,
    figures,
    indoors,
    landscapes,
    lookout,
    nearness,
    overhead,
    plans,
    seascapes,
    stairs,
    streets,
    structures,
    subjects,
    vocabulary,
)
from generation.providers.drawing.canvas import Canvas, Sheet
from generation.providers.drawing.figures import HEADS_TALL
from generation.providers.drawing.framing import Angle, Framing, backdrop_softness, framing_for
from generation.providers.drawing.geometry import spline
from generation.providers.drawing.light import Light, Weather, light_for, weather_for
from generation.providers.drawing.people import GARMENTS, Person
from generation.providers.drawing.stage import Stage, cast_shadow, draw_sky, draw_veil, draw_weather_marks
from generation.providers.drawing.things import THINGS, Thing

_BACKDROPS: Mapping[str, Callable[[Stage], None]] = {
    "bar": indoors.draw_bar,
    "city": streets.draw_city,
    "corridor": indoors.draw_corridor,
    "desert": expanses.draw_desert,
    "field": landscapes.draw_field,
    "forest": landscapes.draw_forest,
    "kitchen": indoors.draw_kitchen,
    "mountain": landscapes.draw_mountain,
    "office": indoors.draw_office,
    "open-sea": seascapes.draw_open_sea,
    "road": streets.draw_road,
    "room": indoors.draw_room,
    "sea": expanses.draw_sea,
    "space": expanses.draw_space,
    "stairs": stairs.draw_stairs,
    "train": indoors.draw_train,
}
_INDOORS = {"bar", "corridor", "kitchen", "office", "room", "stairs", "train", "window"}
_SHELTERED = _INDOORS | {"space"}
_OPEN = {"desert", "field", "mountain", "open-sea", "road", "sea"}

#: Smaller heads than this stand too far back for one window to fill the view.
_FULL_FIGURE = 0.10
_PLAN_SCALE = {"extreme-wide": 1.2, "aerial": 1.0, "wide": 1.7}
_CLOSE_PLAN_SCALE = 2.6

#: How high a thing stands in the picture by how large a person's head would be.
_HEADS = (0.012, 0.016, 0.06, 0.107, 0.157, 0.225, 0.345, 0.57, 1.0)
_MOVABLE = (0.10, 0.13, 0.32, 0.62, 0.78, 1.0, 1.4, 2.0, 3.6)
_BUILT = (0.32, 0.42, 0.58, 0.76, 0.92, 1.25, 1.8, 2.6, 4.2)
_OBJECT = (0.10, 0.12, 0.18, 0.24, 0.30, 0.38, 0.46, 0.52, 0.66)


class Artist:
    def __init__(self, shot: Shot, sheet: Sheet, angle: Angle, framing: Framing) -> None:
        self.shot = shot
        self.angle = angle
        self.framing = framing
        reading = vocabulary.read(shot)
        self.kind = reading.subject
        afloat = self.kind in THINGS and (THINGS[self.kind].floats or self.kind == "lighthouse")
        outdoors = self.kind in THINGS and self.kind != "statue" and reading.setting in _INDOORS
        setting = reading.view if outdoors else reading.setting
        if setting == "window" and framing.head < _FULL_FIGURE:
            setting = "room"
        self.setting = _at_sea(setting, afloat=afloat or self.kind == "scenery")
        self.reading = reading
        self.sheltered = self.setting in _SHELTERED
        self.weather: Weather = weather_for(shot.weather)
        self.light: Light = light_for(shot.time_of_day, self.weather, shot.color_grading, shot.visual_style)
        self.rng = random.Random(_seed(shot, "scene"))
        exposure = self.light.exposure
        self.back = Canvas(sheet, _seed(shot, "backdrop"), exposure=exposure)
        self.front = Canvas(sheet, _seed(shot, "subject"), exposure=min(1.0, exposure + 0.14), transparent=True)
        thin = np.interp(sheet.scale, (150, 320, 720), (1.5, 1.2, 1.0))
        self.back.line, self.front.line = float(thin) * 0.82, float(thin)
        vanishing = sheet.aspect * self.rng.choice((0.38, 0.5, 0.60))
        self.stage = Stage(
            self.back, random.Random(_seed(shot, "set")), self.light, self.weather, angle.horizon, vanishing
        )
        looks = random.Random(_digest("looks", shot.subject or _told(shot)))
        acting = random.Random(_seed(shot, "cast"))
        self.person = Person.cast(looks, acting, shot.action.lower(), reading.traits)
        if self.setting == "stairs":
            self.person = replace(self.person, facing=1)

        self.aspect = sheet.aspect

    @property
    def upright(self) -> float:
        """Narrow pictures hold smaller people, so that a close-up keeps both ears."""
        return min(1.0, 0.42 + self.aspect * 0.58)

    def draw(self) -> None:
        subject = self.framing.subject
        near = self._what_fills_the_view()
        if near:
            near()
        elif self.angle.plan or subject == "from-above":
            self._draw_plan()
        else:
            self._draw_backdrop()
            {"hands": self._draw_hands, "over-shoulder": self._draw_over_shoulder}.get(subject, self._draw_figures)()
        if not self.sheltered and not near:
            draw_weather_marks(self.front, self.weather, self.light, random.Random(_seed(self.shot, "weather")))

    def _what_fills_the_view(self) -> Callable[[], None] | None:
        """How to draw a view so close, or of so small a thing, that nothing stands in its surroundings; else None."""
        view, detail = self.framing.subject, self.reading.detail
        closeness = nearness.Closeness(self.stage, self.front, self.person, self.reading, self.rng, self.angle)
        if view == "object" and detail not in ("hands", "mouth", "eyes"):
            if self.kind in THINGS or self.kind in subjects.QUADRUPEDS or self.kind == "scenery":
                return None if self.kind != "scenery" or not self.reading.object else self._draw_object
            return self._draw_object
        close = view in ("eyes", "object") or (self.framing.head > 0.3 and self.kind == detail)
        if close and detail == "hands":
            return closeness.draw_hands
        if close and detail == "mouth":
            return closeness.draw_mouth
        if self.kind in vocabulary.OBJECTS:
            return self._draw_object if view in ("figure", "eyes") else None
        if view == "eyes" and (self.kind in ("person", "eyes") or self.kind in subjects.QUADRUPEDS):
            return closeness.draw_eyes
        return closeness.draw_eyes if close and detail == "eyes" else None

    def _draw_backdrop(self) -> None:
        window = self.setting == "window"
        place = _at_sea(self.reading.view, afloat=True) if window else self.setting
        if self.angle.zenith and place != "stairs":
            plans.draw_zenith(self.stage, place)
        else:
            draw_sky(self.stage)
            _BACKDROPS[place](self.stage)
            self._draw_landmark(place)
            if place not in _SHELTERED:
                draw_veil(self.stage)
        if self.reading.far_light and self.light.dark and place in _OPEN:
            seascapes.draw_far_light(self.stage, self.aspect * 0.36, min(self.angle.horizon, 0.7) - 0.004)
        if window:
            lookout.draw_window_round(self.stage, lamp=self.reading.lamp)
        self.back.soften(*backdrop_softness(self.framing, self.shot.depth_of_field))

    def _draw_landmark(self, place: str) -> None:
        landmark = self.reading.landmark
        if landmark is None or place not in _OPEN or self.sheltered or self.kind in vocabulary.BUILT:
            return
        size = 0.20
        x, y = self.aspect * (0.2 if self.rng.random() < 0.5 else 0.8), self.angle.horizon + 0.03
        if place == "open-sea":
            structures.draw_rock(self.stage, self.back, x, y, size)
        THINGS[landmark].draw(self.stage, self.back, x, y, size, 1)

    def _draw_figures(self) -> None:
        framing = self.framing
        if self.kind == "scenery":
            return
        if self.angle.zenith and self.kind not in THINGS and framing.people == 1:
            self._draw_towering()
        elif framing.people == 2:
            self._draw_pair()
        elif self.kind in THINGS or self.kind in subjects.QUADRUPEDS:
            self._draw_thing(self.aspect * self.rng.choice((0.42, 0.56)), framing)
        else:
            third = self.rng.choice((-1, 1)) * (0.11 if framing.head < 0.3 else 0.04) * self.aspect
            x, head = self.aspect / 2 + third, framing.head * self.upright
            if self.setting == "stairs":
                x = stairs.foothold(self.aspect)
            if self.reading.companion and 0.05 < framing.head < 0.2:
                self._draw_companion(x, head)
            self._draw_one(self.person, x, head, framing.crown)

    def _draw_companion(self, x: float, head: float) -> None:
        kind = self.reading.companion or ""
        side = 1 if x < self.aspect / 2 else -1
        if kind in subjects.QUADRUPEDS:
            tall = subjects.QUADRUPEDS[kind].height_in_heads * head * 0.85
            feet = self.framing.crown + HEADS_TALL * head
            subjects.draw_quadruped(self.front, kind, x + side * (head * 1.6 + tall * 0.55), feet, tall, -side)

    def _draw_towering(self) -> None:
        """Seen from the ground at their feet: whole figures stand on the picture's lower edge."""
        head = max(self.framing.head, 0.075) * self.upright
        whole = self.framing.head < 0.15
        crown = 1.05 - HEADS_TALL * head if whole else self.framing.crown
        bend = self.angle.foreshortening
        figures.draw_person(self.front, self.person, self.aspect / 2, crown, head, foreshortening=bend)

    def _draw_one(self, person: Person, x: float, head: float, crown: float) -> None:
        feet = crown + HEADS_TALL * head
        if self.framing.head < 0.05:
            feet = max(feet, self.angle.horizon + 0.05)
            crown = feet - HEADS_TALL * head
        if self.framing.head < 0.2:
            head *= person.stature
            crown = feet - HEADS_TALL * head
        if feet < 1.15:
            cast_shadow(self.stage, x, feet, head * 0.8, HEADS_TALL * head)
        figures.draw_person(self.front, person, x, crown, head, foreshortening=self.angle.foreshortening)
        if person.traits.carries == "lamp":
            (hand_x, hand_y), reach = person.how().far_arm[1], max(head * 4.5, 0.2)
            glow = x + hand_x * head * person.facing, crown + (hand_y + 0.7) * head
            self.back.glow(glow, reach * 1.5, 0.62 if self.light.dark else 0.3)
            self.front.glow(glow, reach, 0.5 if self.light.dark else 0.2)

    def _draw_pair(self) -> None:
        head = self.framing.head * self.upright
        apart = min(0.30 * self.aspect, head * 1.9)
        first = self.person
        second = first.standing_with(self.rng)
        left, right = (first, second) if first.facing > 0 else (second, first)
        animal = self.kind if self.kind in subjects.QUADRUPEDS else self.reading.companion or ""
        self._draw_one(left, self.aspect / 2 - apart, head, self.framing.crown)
        if animal in subjects.QUADRUPEDS:
            tall = min(subjects.QUADRUPEDS[animal].height_in_heads * head, 0.85)
            subjects.draw_quadruped(self.front, animal, self.aspect / 2 + apart * 1.2, 1.04, tall, -1)
        else:
            self._draw_one(right, self.aspect / 2 + apart, head * second.build, self.framing.crown + 0.02)

    def _draw_thing(self, x: float, framing: Framing) -> None:
        facing = self.rng.choice((-1, 1))
        if self.kind in subjects.QUADRUPEDS:
            size = float(np.interp(framing.head, _HEADS, _MOVABLE)) * min(1.0, self.aspect * 0.72)
            x, feet = self._footing(x, framing, subjects.QUADRUPEDS[self.kind].focus, size, facing)
            if feet < 1.1:
                cast_shadow(self.stage, x, feet, size * 0.5, size)
            subjects.draw_quadruped(self.front, self.kind, x, feet, size, facing)
            return
        thing = THINGS[self.kind]
        size = self._height_of(thing, framing)
        if thing.wide * size > self.aspect * 0.6:
            x = self.aspect / 2
        x, feet = self._footing(x, framing, thing.focus, size, facing)
        if self.angle.zenith and self.kind in vocabulary.BUILT:
            x, feet, size = self.aspect / 2, 1.10, max(size, 1.0)
        if thing.flies and framing.head < 0.15:
            feet = max(self.angle.horizon * 0.6, 0.22) + size * 0.5
        if self.kind == "lighthouse" and self.setting == "open-sea":
            structures.draw_rock(self.stage, self.front, x, feet, size)
        elif self.kind in vocabulary.BUILT and feet < 1.1:
            cast_shadow(self.stage, x, feet, size * thing.wide * 0.4, size * 0.8)
        bend = self.angle.foreshortening * (0.5 if self.kind in vocabulary.BUILT else 0.0)
        if self.kind == "lighthouse" and self.light.dark:
            lamp = x, feet - 0.835 * size
            away = self.aspect * (1.2 if x < self.aspect / 2 else -0.2)
            seascapes.draw_beam(self.stage, *lamp, (away, lamp[1] + 0.10), 0.10)
        with self.front.foreshortened(x, feet - size, feet, bend):
            thing.draw(self.stage, self.front, x, feet, size, facing)

    def _height_of(self, thing: Thing, framing: Framing) -> float:
        built = self.kind in vocabulary.BUILT
        size = float(np.interp(framing.head, _HEADS, _BUILT if built else _MOVABLE)) * thing.tall
        if not built:
            return size * min(1.0, self.aspect * 0.72)
        return min(size, self.aspect * 0.92 / thing.wide) if framing.head < 0.2 else size

    def _footing(
        self, x: float, framing: Framing, focus: tuple[float, float], size: float, facing: int
    ) -> tuple[float, float]:
        if framing.head > 0.15 and (framing.head > 0.2 or self.kind not in vocabulary.BUILT):
            return self.aspect / 2 - focus[0] * size * facing * 0.8, 0.46 - focus[1] * size
        if self.kind in vocabulary.BUILT:
            return x, max(self.angle.horizon + 0.08, min(0.34 + size * 0.76, 0.93))
        return x, max(self.angle.horizon + 0.16, 0.86) if framing.head < 0.15 else 0.98

    def _draw_over_shoulder(self) -> None:
        framing = self.framing
        head = framing.head * self.upright
        near = head * 2.1
        if self.kind != "person":
            watcher = self.person
            if self.kind in THINGS or self.kind in subjects.QUADRUPEDS:
                self._draw_thing(self.aspect * 0.4, framing_for("wide"))
            side = 1
        elif self.reading.alone:
            watcher, side = self.person, 1
        else:
            other = self.person
            watcher = other.standing_with(self.rng)
            side = 1 if other.facing < 0 else -1
            self._draw_one(other, self.aspect / 2 - side * 0.14 * self.aspect, head, framing.crown)
        figures.draw_person_from_behind(self.front, watcher, self.aspect / 2 + side * 0.30 * self.aspect, 0.17, near)

    def _draw_hands(self) -> None:
        head = self.framing.head * self.upright
        if self.kind in THINGS or self.kind in subjects.QUADRUPEDS:
            self._draw_thing(self.aspect * 0.5, framing_for("wide"))
        elif self.kind == "person" and self.shot.subject.strip():
            self._draw_one(self.person, self.aspect * 0.5, head, self.angle.horizon - head)
        tone = GARMENTS[self.person.garment].tone
        closeups.draw_own_hands(self.front, self.aspect, min(tone, 200))
        closeups.draw_eyelid_frame(self.back, self.aspect)

    def _draw_object(self) -> None:
        plan = self.angle.plan
        draw_sky(self.stage)
        if not plan:
            _BACKDROPS["room" if self.setting == "window" else self.setting](self.stage)
        self.back.soften(self.framing.pencil_behind * 0.7, 0.006)
        closeups.draw_tabletop(self.stage, plan=plan)
        told = self.kind if self.kind in vocabulary.OBJECTS else self.reading.object
        kind = told or ("box" if self.shot.subject.strip() else closeups.choose_object(self.rng))
        size = 0.50 if self.framing.subject == "object" else float(np.interp(self.framing.head, _HEADS, _OBJECT))
        size *= min(1.0, self.aspect * 0.8)
        if self.light.dark and kind in ("burner", "candle", "lamp", "match"):
            self.back.glow((self.aspect * 0.5, 0.45), size * 1.7, 0.55)
        middle = max(0.54, 0.66 - size * 0.3) + (0.15 * size if kind in closeups.TALL else 0.0)
        closeups.draw_object(self.front, kind, self.aspect * 0.5, middle, size)

    def _draw_plan(self) -> None:
        scale = _PLAN_SCALE.get(self.shot.shot_type, _CLOSE_PLAN_SCALE)
        x, y = self.aspect / 2, 0.5
        if self.setting == "open-sea":
            seascapes.draw_sea_from_above(self.stage, scale)
            self._draw_sea_marks(x, y)
        else:
            plans.draw_plan(self.stage, self.setting, scale)
        if self.kind == "scenery":
            return
        if self.kind in THINGS or self.kind in subjects.QUADRUPEDS:
            self._draw_thing_from_above(x, y, scale)
            return
        head = self.framing.head * self.upright * (0.75 if self.framing.head > 0.02 else 1.1)
        people = [(self.person, 0.0)]
        if self.framing.people == 2 or self.framing.subject == "over-shoulder":
            people = [(self.person, -1.5), (self.person.standing_with(self.rng), 1.5)]
        for person, offset in people:
            self._draw_from_above(person, x + offset * head, y, head)

    def _draw_sea_marks(self, x: float, y: float) -> None:
        """The lighthouse the text speaks of, in a corner, and its beam on whatever is out there."""
        if not self.reading.beam or self.kind == "lighthouse":
            return
        corner = self.aspect * 0.14, 0.22
        if self.light.dark:
            seascapes.draw_beam(self.stage, *corner, (x, y), 0.13)
        overhead.draw_from_above(self.stage, self.back, "lighthouse", *corner, 0.075 * self.upright, 1)

    def _draw_thing_from_above(self, x: float, y: float, scale: float) -> None:
        facing = self.rng.choice((-1, 1)) if self.kind in subjects.QUADRUPEDS else 1
        size = {1.0: 0.085, 1.2: 0.09, 1.7: 0.15}.get(
            scale, float(np.interp(self.framing.head, (0.1, 0.6), (0.2, 0.5)))
        )
        if self.kind in vocabulary.BUILT:
            size *= 1.5
        thing = THINGS.get(self.kind)
        if thing is not None and thing.flies:
            self.back.shade(
                spline([(x - size, y + 0.2), (x, y + 0.16), (x + size, y + 0.2), (x, y + 0.24)], closed=True), 150
            )
            thing.draw(self.stage, self.front, x, y + size * 0.5, size * 1.5, facing)
            return
        overhead.draw_from_above(self.stage, self.front, self.kind, x, y, size * self.upright, facing)

    def _draw_from_above(self, person: Person, x: float, y: float, head: float) -> None:
        shadow = spline(
            [
                (x, y),
                (x + head * 1.2, y + head * 0.3),
                (x + head * 3.0, y + head * 1.4),
                (x + head * 2.6, y + head * 2.1),
                (x + head * 0.6, y + head * 1.2),
            ],
            closed=True,
        )
        self.back.shade(shadow, 150)
        figures.draw_person_from_above(self.front, person, x, y, head)


def _at_sea(setting: str, *, afloat: bool) -> str:
    return "open-sea" if setting == "sea" and afloat else setting


def _seed(shot: Shot, part: str) -> int:
    """Depends on what happens in the scene, not on how it is shot, so that the same people stay in the same place."""
    return _digest(part, _told(shot))


def _told(shot: Shot) -> str:
    return "\x1f".join((str(shot.number), shot.title, shot.subject, shot.action, shot.location))


def _digest(part: str, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{part}\x1f{text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
