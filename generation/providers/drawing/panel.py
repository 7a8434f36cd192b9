"""Puts a shot on paper: the backdrop and, in front of it, a layer of its own for the subject."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generation.providers.base import Shot
from generation.providers.drawing.artist import Artist
from generation.providers.drawing.canvas import Canvas, Sheet
from generation.providers.drawing.framing import angle_for, framing_for
from generation.providers.drawing.geometry import array, polygon_box
from generation.providers.drawing.light import Light
from generation.providers.drawing.texture import Plane

_LARGEST_SIDE = 2600


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
    artist = Artist(shot, sheet, angle, framing_for(shot.shot_type))
    artist.draw()
    if framed:
        _rule_frame(artist.front)
    return Layers(sheet, artist.back.level(), artist.front.level(), artist.front.alpha(), artist.light)


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
