"""Things seen near: an object on a table, and one's own hands."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import array, ellipse, polygon_box, spline
from generation.providers.drawing.objects import OBJECTS
from generation.providers.drawing.stage import Stage


def draw_tabletop(stage: Stage, *, plan: bool) -> None:
    canvas = stage.canvas
    left, top, right, bottom = canvas.sheet.extent
    edge = top if plan else 0.36
    canvas.fill(polygon_box(left, edge, right, bottom), 206)
    canvas.stroke([(left, edge), (right, edge)], 1.4)
    canvas.shade(polygon_box(left, edge, right, edge + 0.02), 170)
    middle = stage.aspect / 2
    for index in range(-9, 10):
        near = middle + index * (0.34 if not plan else 0.18)
        far = middle + index * (0.16 if not plan else 0.18)
        canvas.stroke(
            spline([(far, edge), ((far + near) / 2 + 0.012, (edge + bottom) / 2), (near, bottom)]),
            0.6,
            pressure=110,
            wobble=2,
        )
    for _ in range(7):
        x, y = stage.rng.uniform(left, right), stage.rng.uniform(edge + 0.08, bottom)
        canvas.stroke(spline([(x, y), (x + 0.03, y - 0.006), (x + 0.07, y)]), 0.5, pressure=95)


def draw_object(canvas: Canvas, kind: str, x: float, y: float, size: float) -> None:
    """Standing or lying around (x, y), about `size` high."""
    place = Placement(x, y, size)
    shadow = place(
        spline([(-0.5, 0.40), (0.1, 0.30), (0.95, 0.34), (1.15, 0.44), (0.5, 0.56), (-0.3, 0.54)], closed=True)
    )
    canvas.fill(shadow, 140)
    canvas.hatch(shadow, 10, 0.035 * size, pressure=140)
    draw_thing(canvas, kind, place)


def draw_thing(canvas: Canvas, kind: str, place: Placement) -> None:
    """Only the object, without the shadow it throws on a table."""
    _DRAWERS[kind](canvas, place)


def choose_object(rng: random.Random) -> str:
    return rng.choice(_UNSAID)


def _cup(canvas: Canvas, place: Placement) -> None:
    canvas.shape(place(ellipse(0.02, 0.42, 0.62, 0.14)), 236, 1.2)
    canvas.outline(place(ellipse(0.02, 0.405, 0.44, 0.09)), 0.7)
    handle = spline([(0.36, -0.22), (0.62, -0.26), (0.66, 0.0), (0.50, 0.14), (0.32, 0.16)])
    canvas.stroke(place(handle), 9)
    canvas.chalk(place(handle), 6, 236)
    body = place(
        np.vstack(
            [
                spline([(-0.42, -0.38), (-0.40, 0.0), (-0.30, 0.28), (-0.18, 0.40)]),
                ellipse(0, 0.40, 0.18, 0.045, start=180, end=0, steps=8),
                spline([(0.18, 0.40), (0.30, 0.28), (0.40, 0.0), (0.42, -0.38)]),
            ]
        )
    )
    canvas.fill(body, 246)
    canvas.shade(body + (0.42 * place.size, 0), 190, within=body)
    canvas.shade(body + (0.64 * place.size, 0), 160, within=body)
    canvas.outline(body, 1.4)
    canvas.shape(place(ellipse(0, -0.38, 0.42, 0.11)), 225, 1.3)
    canvas.shape(place(ellipse(0, -0.36, 0.36, 0.08)), 80, 0.8)
    for x in (-0.14, 0.04, 0.2):
        canvas.stroke(
            place(spline([(x, -0.50), (x + 0.06, -0.62), (x - 0.03, -0.76), (x + 0.05, -0.92)])), 0.9, pressure=120
        )


def _letter(canvas: Canvas, place: Placement) -> None:
    sheet = place([(-0.62, -0.12), (0.42, -0.30), (0.78, 0.34), (-0.34, 0.56)])
    canvas.shape(sheet, 250, 1.4)
    canvas.stroke(place([(-0.62, -0.12), (0.10, 0.20), (0.42, -0.30)]), 1.1)
    canvas.shade(place([(-0.62, -0.12), (0.10, 0.20), (0.42, -0.30)]), 226)
    canvas.stroke(place([(-0.34, 0.56), (-0.10, 0.12)]), 0.7, pressure=160)
    canvas.stroke(place([(0.78, 0.34), (0.24, 0.06)]), 0.7, pressure=160)
    canvas.shape(place(ellipse(0.11, 0.19, 0.10, 0.09)), 95, 1.2)
    canvas.chalk(place(ellipse(0.10, 0.18, 0.05, 0.045, start=180, end=300)), 1.0, 190)


def _phone(canvas: Canvas, place: Placement) -> None:
    body = place([(-0.42, -0.16), (0.22, -0.34), (0.62, 0.40), (-0.14, 0.62)])
    canvas.shape(body + (0.03 * place.size, 0.05 * place.size), 50, 1.4)
    canvas.shape(body, 75, 1.4)
    screen = body.mean(axis=0) + (body - body.mean(axis=0)) * (0.88, 0.88)
    canvas.fill(screen, 250, shining=True)
    canvas.outline(screen, 0.8)
    for row, wide in ((0.2, 0.5), (0.36, 0.34), (0.52, 0.46)):
        start = screen[0] + (screen[3] - screen[0]) * row + (screen[1] - screen[0]) * 0.14
        end = start + (screen[1] - screen[0]) * wide
        canvas.stroke([start, end], 2.4, pressure=130)
    canvas.hatch([screen[1], screen[2], (screen[2] + screen[3]) / 2], 60, 0.06 * place.size, pressure=75)


def _key(canvas: Canvas, place: Placement) -> None:
    shaft = [
        (-0.10, 0.06),
        (0.78, 0.30),
        (0.75, 0.40),
        (0.66, 0.48),
        (0.60, 0.44),
        (0.62, 0.36),
        (0.52, 0.33),
        (0.46, 0.44),
        (0.38, 0.41),
        (0.40, 0.30),
        (-0.13, 0.16),
    ]
    canvas.shape(place(shaft), 170, 1.4)
    canvas.shape(place(ellipse(-0.34, 0.06, 0.32, 0.21)), 185, 1.5)
    canvas.shape(place(ellipse(-0.38, 0.05, 0.16, 0.095)), 206, 1.1)
    canvas.stroke(place([(-0.08, 0.10), (0.7, 0.32)]), 0.8)
    canvas.chalk(place(ellipse(-0.34, 0.06, 0.26, 0.165, start=190, end=260)), 2.0)


def _book(canvas: Canvas, place: Placement) -> None:
    canvas.shape(place([(-0.82, 0.10), (0.0, 0.34), (0.84, 0.04), (0.80, 0.20), (0.0, 0.52), (-0.80, 0.26)]), 90, 1.4)
    for side in (-1, 1):
        page = spline([(0, 0.30), (side * 0.3, 0.14), (side * 0.8, 0.08)])
        top = spline([(side * 0.62, -0.34), (side * 0.25, -0.28), (0, -0.10)])
        leaf = place(np.vstack([page, top]))
        canvas.shape(leaf, 250 if side < 0 else 228, 1.2)
        for row in range(6):
            share = 0.16 + row * 0.12
            start = np.array([side * 0.08, -0.08 + 0.38 * share])
            end = np.array([side * (0.58 + 0.14 * share), -0.26 + 0.36 * share])
            canvas.stroke(place(spline([start, (start + end) / 2 + (0, -0.05), end])), 0.8, pressure=130)
    canvas.stroke(place([(0, -0.10), (0, 0.50)]), 1.2)


def _watch(canvas: Canvas, place: Placement) -> None:
    chain = spline([(0.1, -0.42), (0.35, -0.62), (0.75, -0.5), (0.95, -0.15), (1.3, 0.05), (1.9, 0.0)])
    canvas.stroke(place(chain), 3.0, taper=0.1)
    canvas.chalk(place(chain), 1.2, 215)
    canvas.shape(place(ellipse(0.08, -0.40, 0.10, 0.09)), 190, 1.2)
    canvas.shape(place(ellipse(0.02, 0.12, 0.58, 0.46)), 150, 1.5)
    canvas.shape(place(ellipse(0, 0.08, 0.56, 0.44)), 200, 1.4)
    canvas.shape(place(ellipse(0, 0.08, 0.46, 0.36)), 252, 1.1)
    for hour in range(12):
        angle = hour * np.pi / 6
        ray = np.array([np.cos(angle) * 0.46, np.sin(angle) * 0.36])
        canvas.stroke(place([ray * 0.82 + (0, 0.08), ray * 0.94 + (0, 0.08)]), 1.6 if hour % 3 == 0 else 0.9)
    canvas.stroke(place([(0, 0.08), (-0.16, -0.10)]), 2.2, taper=0.2)
    canvas.stroke(place([(0, 0.08), (0.30, 0.0)]), 1.5, taper=0.2)
    canvas.fill(place(ellipse(0, 0.08, 0.03, 0.025)), 40)


def _lantern(canvas: Canvas, place: Placement) -> None:
    for angle in np.linspace(0, 2 * np.pi, 26, endpoint=False):
        ray = np.array([np.cos(angle), np.sin(angle)])
        canvas.chalk(place([ray * 0.62 + (0, -0.05), ray * canvas.random.uniform(0.85, 1.0) + (0, -0.05)]), 1.2)
    canvas.stroke(place(ellipse(0, -0.62, 0.34, 0.34, start=180, end=360)), 2.0, taper=0.2)
    canvas.shape(place([(-0.36, 0.34), (0.36, 0.34), (0.46, 0.52), (-0.46, 0.52)]), 110, 1.4)
    glass = place(spline([(-0.26, -0.46), (-0.36, -0.05), (-0.32, 0.34), (0.32, 0.34), (0.36, -0.05), (0.26, -0.46)]))
    canvas.fill(glass, 255, shining=True)
    canvas.outline(glass, 1.3)
    flame = place(spline([(0, -0.22), (0.10, 0.05), (0.05, 0.22), (-0.05, 0.22), (-0.10, 0.05)], closed=True))
    canvas.shape(flame, 205, 1.0)
    canvas.stroke(place([(-0.17, -0.44), (-0.20, 0.34)]), 1.3)
    canvas.stroke(place([(0.17, -0.44), (0.20, 0.34)]), 1.3)
    canvas.shape(place([(-0.40, -0.44), (0.40, -0.44), (0.20, -0.66), (-0.20, -0.66)]), 110, 1.4)


_DRAWERS: Mapping[str, Callable[[Canvas, Placement], None]] = {
    "book": _book,
    "cup": _cup,
    "key": _key,
    "lamp": _lantern,
    "letter": _letter,
    "phone": _phone,
    "watch": _watch,
    **OBJECTS,
}
#: What stands up rather than lies.
TALL = ("candle", "flower", "glass", "lamp", "match")
_UNSAID = ("book", "cup", "key", "lamp", "letter", "phone", "watch")

#: The back of a left hand, from the outer wrist over little finger to thumb and back.
_HAND = (
    ((-0.30, 0.52), (-0.34, 0.20), (-0.40, -0.08), (-0.37, -0.34), (-0.29, -0.36), (-0.25, -0.12))
    + ((-0.22, -0.42), (-0.19, -0.58), (-0.10, -0.58), (-0.07, -0.40), (-0.05, -0.20))
    + ((0.0, -0.46), (0.02, -0.66), (0.11, -0.66), (0.12, -0.44), (0.12, -0.20))
    + ((0.18, -0.40), (0.21, -0.56), (0.29, -0.54), (0.29, -0.34), (0.28, -0.02))
    + ((0.44, -0.10), (0.56, -0.16), (0.62, -0.08), (0.50, 0.10), (0.32, 0.30), (0.26, 0.52))
)


def draw_own_hands(canvas: Canvas, aspect: float, tone: float, *, size: float = 1.0) -> None:
    """Both hands raised into the frame from below, backs towards the camera."""
    spread = min(0.34 * size**0.5, aspect * 0.26)
    for side in (-1, 1):
        reach = 0.34 * size * min(1.0, aspect + 0.25)
        place = Placement(aspect / 2 + side * spread, 0.78 - 0.20 * (size - 1), reach, -side)
        sleeve = place([(-0.42, 0.50), (0.36, 0.46), (0.62, 1.6), (-0.75, 1.6)])
        skin = place(spline(_HAND, closed=True, steps=4))
        canvas.fill(skin, 244)
        canvas.shade(skin - np.array([0.30 * place.facing, -0.16]) * place.size, 208, within=skin)
        canvas.outline(skin, 1.3)
        for x, y in ((-0.32, -0.10), (-0.14, -0.18), (0.06, -0.22), (0.22, -0.16)):
            canvas.stroke(place(spline([(x - 0.05, y + 0.04), (x, y), (x + 0.05, y + 0.05)])), 0.8, pressure=180)
        for x, y in ((-0.33, -0.33), (-0.145, -0.55), (0.065, -0.63), (0.25, -0.52)):
            canvas.stroke(place(ellipse(x, y + 0.01, 0.032, 0.03, start=180, end=360, steps=10)), 0.7, pressure=170)
        canvas.shape(sleeve, tone, 1.4)
        canvas.shade(sleeve - np.array([0.5 * place.facing, 0]) * place.size, tone * 0.76, within=sleeve)
        cuff = place(spline([(-0.45, 0.62), (-0.05, 0.70), (0.40, 0.57)]))
        canvas.stroke(cuff, 1.0)


def draw_eyelid_frame(canvas: Canvas, aspect: float) -> None:
    """The dark oval edge of someone's own view."""
    height, width = canvas.tone.shape
    centre = canvas.sheet.pixels(array([(aspect / 2, 0.5)]))[0]
    unit = canvas.sheet.scale * canvas.sheet.supersampling
    x = ((np.arange(width) - centre[0]) / (unit * aspect * 0.60)) ** 2
    y = ((np.arange(height) - centre[1]) / (unit * 0.60)) ** 2
    falloff = np.clip((x[None, :] + y[:, None] - 0.75) * 1.1, 0, 0.62).astype(np.float32)
    canvas.tone = (canvas.tone * (1 - falloff)).astype(np.uint8)
