"""Puts a shot on paper: the backdrop and, in front of it, a layer of its own for the subject."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from generation.providers.base import Shot
from generation.providers.drawing import (
    closeups,
    expanses,
    faces,
    figures,
    indoors,
    landscapes,
    plans,
    streets,
    subjects,
    vocabulary,
)
from generation.providers.drawing.canvas import Canvas, Sheet
from generation.providers.drawing.figures import HEADS_TALL, Person
from generation.providers.drawing.framing import Angle, Framing, angle_for, backdrop_softness, framing_for
from generation.providers.drawing.geometry import array, polygon_box, spline
from generation.providers.drawing.light import Light, Weather, light_for, weather_for
from generation.providers.drawing.stage import Stage, cast_shadow, draw_sky, draw_veil, draw_weather_marks
from generation.providers.drawing.texture import Plane

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
    "road": streets.draw_road,
    "room": indoors.draw_room,
    "sea": expanses.draw_sea,
    "space": expanses.draw_space,
    "train": indoors.draw_train,
}
_SHELTERED = {"bar", "corridor", "kitchen", "office", "room", "train", "space"}

_LARGEST_SIDE = 2600
_PLAN_SCALE = {"extreme-wide": 1.2, "aerial": 1.0, "wide": 1.7}
_CLOSE_PLAN_SCALE = 2.6


@dataclass(frozen=True)
class Layers:
    """Grey levels of one sheet; `cover` says where the subject hides the backdrop."""

    sheet: Sheet
    backdrop: Plane
    subject: Plane
    cover: Plane
    light: Light

    def flattened(self) -> Plane:
        """The grey levels of both layers together."""
        opaque = self.cover.astype(np.uint16)
        mixed = (self.subject * opaque + self.backdrop * (255 - opaque) + 127) // 255
        return np.asarray(mixed, dtype=np.uint8)

    def in_colour(self, level: Plane) -> Plane:
        ramp = np.linspace(0, 1, 256)[:, None]
        graphite, paper = np.array(self.light.graphite), np.array(self.light.paper)
        table = np.round(graphite + (paper - graphite) * ramp).astype(np.uint8)
        return np.asarray(cv2.LUT(cv2.merge([level, level, level]), table[None]), dtype=np.uint8)


def compose(
    shot: Shot, width: int, height: int, *, overscan: float = 1.0, resolution: float = 1.0, framed: bool = False
) -> Layers:
    """Draw for a picture of width x height; the sheet shows `overscan` times as much, `resolution` times as fine.

    `framed` rules the picture's edge on the paper.
    """
    angle = angle_for(shot.camera_angle)
    aspect = width / height
    sheet_size = round(width * overscan * resolution), round(height * overscan * resolution)
    supersampling = min(2.0, max(1.0, _LARGEST_SIDE / max(sheet_size)))
    sheet = Sheet(
        *sheet_size,
        aspect=aspect,
        scale=height * resolution,
        left=-(overscan - 1) / 2 * aspect,
        top=-(overscan - 1) / 2,
        tilt=angle.tilt,
        supersampling=supersampling,
    )
    artist = _Artist(shot, sheet, angle)
    artist.draw()
    if framed:
        _rule_frame(artist.front)
    return Layers(sheet, artist.back.level(), artist.front.level(), artist.front.alpha(), artist.light)


class _Artist:
    def __init__(self, shot: Shot, sheet: Sheet, angle: Angle) -> None:
        self.shot = shot
        self.angle = angle
        self.framing: Framing = framing_for(shot.shot_type)
        self.setting = vocabulary.setting_of(shot)
        self.kind = vocabulary.subject_of(shot)
        sheltered = self.setting in _SHELTERED
        self.weather: Weather = weather_for(shot.weather)
        self.light: Light = light_for(shot.time_of_day, self.weather, shot.color_grading, shot.visual_style)
        self.sheltered = sheltered
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
        self.person = Person.cast(looks, random.Random(_seed(shot, "cast")), shot.action.lower())

    @property
    def aspect(self) -> float:
        return self.stage.aspect

    @property
    def upright(self) -> float:
        """Narrow pictures hold smaller people, so that a close-up keeps both ears."""
        return min(1.0, 0.42 + self.aspect * 0.58)

    def draw(self) -> None:
        subject = self.framing.subject
        plan = self.angle.plan or subject == "from-above"
        if subject == "eyes":
            self._draw_eyes()
        elif subject == "object":
            self._draw_object()
        elif plan:
            self._draw_plan()
        else:
            self._draw_backdrop()
            {"hands": self._draw_hands, "over-shoulder": self._draw_over_shoulder}.get(subject, self._draw_figures)()
        if not self.sheltered and subject != "object":
            draw_weather_marks(self.front, self.weather, self.light, random.Random(_seed(self.shot, "weather")))

    def _draw_backdrop(self) -> None:
        if self.angle.zenith:
            plans.draw_zenith(self.stage, self.setting)
        else:
            draw_sky(self.stage)
            _BACKDROPS[self.setting](self.stage)
            if not self.sheltered:
                draw_veil(self.stage)
        self.back.soften(*backdrop_softness(self.framing, self.shot.depth_of_field))

    def _draw_figures(self) -> None:
        framing = self.framing
        if self.angle.zenith and self.kind == "person" and framing.people == 1:
            self._draw_towering()
            return
        if framing.people == 2:
            self._draw_pair()
        elif self.kind == "person":
            third = self.rng.choice((-1, 1)) * (0.11 if framing.head < 0.3 else 0.04) * self.aspect
            self._draw_one(self.person, self.aspect / 2 + third, framing.head * self.upright, framing.crown)
        else:
            self._draw_creature(self.aspect * self.rng.choice((0.42, 0.56)), framing)

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
        if feet < 1.15:
            cast_shadow(self.stage, x, feet, head * 0.8, HEADS_TALL * head)
        figures.draw_person(self.front, person, x, crown, head, foreshortening=self.angle.foreshortening)

    def _draw_pair(self) -> None:
        head = self.framing.head * self.upright
        apart = min(0.30 * self.aspect, head * 1.9)
        first = self.person
        second = first.standing_with(self.rng)
        left, right = (first, second) if first.facing > 0 else (second, first)
        self._draw_one(left, self.aspect / 2 - apart, head, self.framing.crown)
        if self.kind in subjects.QUADRUPEDS:
            animal = subjects.QUADRUPEDS[self.kind]
            tall = min(animal.height_in_heads * head, 0.85)
            subjects.draw_quadruped(self.front, self.kind, self.aspect / 2 + apart * 1.2, 1.04, tall, -1)
        else:
            self._draw_one(right, self.aspect / 2 + apart, head * second.build, self.framing.crown + 0.02)

    def _draw_creature(self, x: float, framing: Framing) -> None:
        facing = self.rng.choice((-1, 1))
        focus = (
            subjects.QUADRUPEDS[self.kind].focus if self.kind in subjects.QUADRUPEDS else subjects.CRAFT[self.kind][2]
        )
        share = float(
            np.interp(
                framing.head, (0.016, 0.06, 0.107, 0.157, 0.225, 0.345, 0.57), (0.13, 0.32, 0.62, 0.78, 1.0, 1.4, 2.0)
            )
        )
        size = share * min(1.0, self.aspect * 0.72)
        if self.kind in ("car", "boat", "spaceship"):
            size *= 0.62
        airborne = self.kind in ("bird", "spaceship")
        feet = max(self.angle.horizon + 0.16, 0.86) if framing.head < 0.15 else 0.98
        if airborne:
            feet = 0.48 + size * 0.5
        if framing.head > 0.15:
            feet = 0.46 - focus[1] * size
            x = self.aspect / 2 - focus[0] * size * facing * 0.8
        if self.kind in subjects.QUADRUPEDS:
            if feet < 1.1:
                cast_shadow(self.stage, x, feet, size * 0.5, size)
            subjects.draw_quadruped(self.front, self.kind, x, feet, size, facing)
            return
        draw, _, _ = subjects.CRAFT[self.kind]
        draw(self.stage, self.front, x, feet, size, facing)

    def _draw_over_shoulder(self) -> None:
        framing = self.framing
        other = self.person
        watcher = other.standing_with(self.rng)
        side = 1 if other.facing < 0 else -1
        head = framing.head * self.upright
        self._draw_one(other, self.aspect / 2 - side * -0.14 * self.aspect * -1, head, framing.crown)
        near = head * 2.1
        figures.draw_person_from_behind(self.front, watcher, self.aspect / 2 + side * 0.30 * self.aspect, 0.17, near)

    def _draw_hands(self) -> None:
        head = self.framing.head * self.upright
        if self.kind == "person" and self.shot.subject.strip():
            self._draw_one(self.person, self.aspect * 0.5, head, self.angle.horizon - head)
        elif self.kind != "person":
            self._draw_creature(self.aspect * 0.5, framing_for("wide"))
        tone = figures.GARMENTS[self.person.garment].tone
        closeups.draw_own_hands(self.front, self.aspect, min(tone, 200))
        closeups.draw_eyelid_frame(self.back, self.aspect)

    def _draw_eyes(self) -> None:
        left, top, right, bottom = self.back.sheet.extent
        self.back.fill(polygon_box(left, top, right, bottom), 240)
        if self.kind in subjects.QUADRUPEDS:
            animal = subjects.QUADRUPEDS[self.kind]
            size = 4.2
            self.front.line *= 1.3
            x, y = self.aspect / 2 - animal.eye[0] * size, 0.47 - animal.eye[1] * size
            subjects.draw_quadruped(self.front, self.kind, x, y, size, 1)
            return
        size = max(0.47 * min(self.aspect, 1.9), 0.40)
        place = faces.Placement(self.aspect / 2, 0.46, size, self.person.facing)
        with self.front.foreshortened(self.aspect / 2, 0.0, 1.0, self.angle.foreshortening * 0.4):
            faces.draw_eyes(self.front, place, self.person.hairstyle, self.person.mood)

    def _draw_object(self) -> None:
        plan = self.angle.plan
        draw_sky(self.stage)
        if not plan:
            _BACKDROPS[self.setting](self.stage)
        self.back.soften(self.framing.pencil_behind * 0.7, 0.006)
        closeups.draw_tabletop(self.stage, plan=plan)
        kind = vocabulary.object_of(self.shot) or closeups.choose_object(self.rng)
        size = 0.50 * min(1.0, self.aspect * 0.8)
        closeups.draw_object(self.front, kind, self.aspect * 0.5, 0.54, size)

    def _draw_plan(self) -> None:
        scale = _PLAN_SCALE.get(self.shot.shot_type, _CLOSE_PLAN_SCALE)
        plans.draw_plan(self.stage, self.setting, scale)
        head = self.framing.head * self.upright * (0.75 if self.framing.head > 0.02 else 1.1)
        people = [(self.person, 0.0)]
        if self.framing.people == 2 or self.framing.subject == "over-shoulder":
            people = [(self.person, -1.5), (self.person.standing_with(self.rng), 1.5)]
        for person, offset in people:
            x, y = self.aspect / 2 + offset * head, 0.5
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


def _rule_frame(canvas: Canvas) -> None:
    """A margin of bare paper and a pencil line round the picture."""
    aspect = canvas.sheet.aspect
    margin, beyond = 0.022, 0.5
    right, bottom = aspect - margin, 1 - margin * 0.8
    tilt_free = Sheet(
        canvas.sheet.width,
        canvas.sheet.height,
        aspect,
        canvas.sheet.scale,
        canvas.sheet.left,
        canvas.sheet.top,
        supersampling=canvas.sheet.supersampling,
    )
    canvas.sheet = tilt_free
    for box in (
        (-beyond, -beyond, margin, 1 + beyond),
        (right, -beyond, aspect + beyond, 1 + beyond),
        (-beyond, -beyond, aspect + beyond, margin),
        (-beyond, bottom, aspect + beyond, 1 + beyond),
    ):
        canvas.fill(polygon_box(*box), 255, shining=True)
    over = 0.008
    sides = (
        ((margin - over, margin), (right + over, margin)),
        ((right, margin - over), (right, bottom + over)),
        ((right + over, bottom), (margin - over, bottom)),
        ((margin, bottom + over), (margin, margin - over)),
    )
    for side in sides:
        canvas.stroke(array(side), 1.5, taper=0.3)
        canvas.stroke(array(side) + 0.0025, 0.7, pressure=150)


def _seed(shot: Shot, part: str) -> int:
    """Depends on what happens in the scene, not on how it is shot, so that the same people stay in the same place."""
    return _digest(part, _told(shot))


def _told(shot: Shot) -> str:
    return "\x1f".join((str(shot.number), shot.title, shot.subject, shot.action, shot.location))


def _digest(part: str, text: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{part}\x1f{text}".encode("utf-8", "surrogatepass")).digest()[:8], "big")
