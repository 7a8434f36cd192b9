"""Heads in three-quarter view, from a dot in the distance to a full close-up.

Coordinates are head heights: the crown is y=0, the chin y=1, x=0 the middle of the skull; people look towards +x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, spline


@dataclass(frozen=True)
class Placement:
    """Where a body part's own coordinates land in the picture."""

    x: float
    y: float
    size: float
    facing: int = 1

    def __call__(self, points: PointLike) -> Points:
        return array(points) * (self.size * self.facing, self.size) + (self.x, self.y)


@dataclass(frozen=True)
class Hairstyle:
    front: tuple[tuple[float, float], ...]
    behind: tuple[tuple[float, float], ...] = ()
    tone: float = 95
    strands: bool = True


_CROWN = ((-0.40, 0.30), (-0.41, 0.08), (-0.26, -0.08), (0.02, -0.10), (0.26, -0.02), (0.37, 0.18))
_HAIRLINE = ((0.33, 0.34), (0.26, 0.22), (0.08, 0.19), (-0.08, 0.25), (-0.14, 0.40), (-0.18, 0.50))

HAIRSTYLES: dict[str, Hairstyle] = {
    "short": Hairstyle((*_CROWN, *_HAIRLINE, (-0.26, 0.68), (-0.37, 0.60)), tone=88),
    "swept": Hairstyle(
        (
            *_CROWN[:2],
            (-0.25, -0.13),
            (0.08, -0.18),
            (0.38, -0.04),
            (0.40, 0.12),
            (0.30, 0.20),
            (0.10, 0.12),
            *_HAIRLINE[3:],
            (-0.27, 0.66),
            (-0.37, 0.56),
        ),
        tone=120,
    ),
    "bob": Hairstyle(
        (
            (-0.46, 0.86),
            (-0.50, 0.40),
            (-0.40, 0.02),
            (-0.10, -0.13),
            (0.22, -0.08),
            (0.40, 0.14),
            (0.41, 0.36),
            (0.33, 0.24),
            (0.14, 0.14),
            (-0.02, 0.28),
            (-0.12, 0.52),
            (-0.13, 0.80),
            (-0.24, 0.93),
        ),
        behind=((-0.4, 0.2), (-0.46, 0.9), (-0.2, 1.0), (0.2, 0.98), (0.42, 0.86), (0.42, 0.3)),
        tone=78,
    ),
    "long": Hairstyle(
        (
            (-0.44, 0.7),
            (-0.46, 0.3),
            (-0.34, -0.02),
            (-0.04, -0.13),
            (0.26, -0.06),
            (0.40, 0.16),
            (0.40, 0.42),
            (0.30, 0.24),
            (0.05, 0.10),
            (-0.06, 0.28),
            (-0.16, 0.55),
            (-0.22, 0.9),
        ),
        behind=(
            (-0.38, 0.1),
            (-0.52, 0.8),
            (-0.60, 1.45),
            (-0.30, 1.72),
            (0.1, 1.5),
            (0.38, 1.45),
            (0.42, 0.7),
            (0.3, 0.1),
        ),
        tone=112,
    ),
    "bun": Hairstyle(
        (*_CROWN, *_HAIRLINE[:5], (-0.22, 0.52), (-0.36, 0.52)),
        behind=((-0.30, -0.02), (-0.44, -0.20), (-0.62, -0.14), (-0.66, 0.06), (-0.52, 0.20), (-0.34, 0.18)),
        tone=100,
    ),
    "beanie": Hairstyle(
        (
            (-0.43, 0.30),
            (-0.40, 0.0),
            (-0.22, -0.17),
            (0.06, -0.20),
            (0.30, -0.08),
            (0.39, 0.20),
            (0.34, 0.27),
            (0.0, 0.22),
        ),
        tone=130,
        strands=False,
    ),
    "cap": Hairstyle(
        (
            (-0.42, 0.28),
            (-0.38, 0.0),
            (-0.16, -0.13),
            (0.12, -0.13),
            (0.32, 0.02),
            (0.60, 0.18),
            (0.58, 0.24),
            (0.2, 0.2),
            (-0.1, 0.22),
        ),
        tone=105,
        strands=False,
    ),
}

USUAL_HAIRSTYLES = tuple(sorted(HAIRSTYLES))
HEADWEAR = ("beanie", "cap")
#: The same styles for the old.
GREY = {name: f"grey-{name}" for name in USUAL_HAIRSTYLES if name not in HEADWEAR}
HAIRSTYLES |= {grey: replace(HAIRSTYLES[name], tone=222) for name, grey in GREY.items()}
HAIRSTYLES["bald"] = Hairstyle(
    ((-0.39, 0.40), (-0.36, 0.34), (-0.28, 0.40), (-0.22, 0.52), (-0.26, 0.68), (-0.36, 0.60)), tone=170, strands=False
)

_FACE = (
    (0.10, 1.00),
    (0.22, 0.95),
    (0.31, 0.78),
    (0.335, 0.62),
    (0.325, 0.52),
    (0.355, 0.40),
    (0.34, 0.20),
    (0.22, 0.04),
    (0.0, -0.01),
    (-0.24, 0.04),
    (-0.38, 0.22),
    (-0.37, 0.45),
    (-0.27, 0.64),
    (-0.17, 0.84),
    (-0.02, 0.98),
)
_EYE_LINE = 0.52
_SKIN_SHADOW = 205


def draw_hair_behind(canvas: Canvas, place: Placement, hairstyle: str) -> None:
    style = HAIRSTYLES[hairstyle]
    if style.behind:
        mass = place(spline(style.behind, closed=True))
        canvas.shape(mass, style.tone + 12, 0.8)


def draw_head(canvas: Canvas, place: Placement, hairstyle: str, *, skin: float = 246, mood: float = 0.0) -> None:
    """`mood` bends the mouth and brows: -1 grim, 1 glad."""
    style = HAIRSTYLES[hairstyle]
    face = place(spline(_FACE, closed=True, steps=5))
    near = place.size > 0.11
    weight = float(np.interp(place.size, (0.01, 0.06, 0.3), (0.45, 0.75, 1.15)))
    canvas.fill(face, skin)
    if near:
        canvas.shade(face - np.array([0.36 * place.facing, -0.04]) * place.size, _SKIN_SHADOW, within=face)
    canvas.outline(face, weight)
    if place.size > 0.045:
        _draw_features(canvas, place, mood, bold=place.size > 0.30)
    hair = place(spline(style.front, closed=True, steps=5))
    canvas.fill(hair, style.tone)
    canvas.shade(hair - np.array([0.26 * place.facing, -0.10]) * place.size, style.tone * 0.72, within=hair)
    canvas.outline(hair, weight)
    if near:
        _draw_ear(canvas, place, skin, style)
        if style.strands:
            _draw_strands(canvas, place, style)
        elif hairstyle in HEADWEAR:
            canvas.stroke(place(spline([(-0.41, 0.20), (-0.1, 0.13), (0.2, 0.12), (0.37, 0.17)])), 0.8)


def draw_back_of_head(canvas: Canvas, place: Placement, hairstyle: str) -> None:
    style = HAIRSTYLES[hairstyle]
    draw_hair_behind(canvas, place, hairstyle)
    skull = spline(
        [
            (-0.38, 0.45),
            (-0.38, 0.15),
            (-0.2, -0.08),
            (0.12, -0.1),
            (0.34, 0.1),
            (0.37, 0.42),
            (0.28, 0.8),
            (0, 0.93),
            (-0.28, 0.8),
        ],
        closed=True,
    )
    canvas.shape(place(skull), style.tone * 0.8, 1.2)
    for index in range(9):
        x = -0.28 + 0.07 * index
        curl = canvas.random.uniform(-0.03, 0.03)
        line = spline([(x * 0.35, -0.02), (x + curl, 0.3), (x * 1.05, 0.62), (x * 0.8, 0.84)])
        canvas.stroke(place(line), 0.7, pressure=190)


def _draw_features(canvas: Canvas, place: Placement, mood: float, *, bold: bool) -> None:
    fine = 0.9 if bold else 0.75
    for x, wide in ((-0.055, 0.088), (0.225, 0.066)):
        _draw_eye(canvas, place, x, wide, mood, bold=bold)
    canvas.stroke(place(spline([(0.135, 0.50), (0.175, 0.62), (0.205, 0.70), (0.17, 0.735), (0.12, 0.725)])), fine)
    bend = 0.025 * mood
    canvas.stroke(
        place(spline([(0.015, 0.835 - bend), (0.10, 0.838), (0.155, 0.832), (0.225, 0.83 - bend)])), fine * 1.25
    )
    canvas.stroke(place(spline([(0.07, 0.895), (0.13, 0.905), (0.18, 0.893)])), fine * 0.6, pressure=150)
    if bold:
        lips = place(
            spline(
                [(0.03, 0.838), (0.10, 0.815), (0.14, 0.822), (0.18, 0.813), (0.22, 0.835), (0.13, 0.885)], closed=True
            )
        )
        canvas.shade(lips, 205)
        canvas.hatch(
            place([(-0.30, 0.48), (-0.14, 0.58), (-0.10, 0.88), (-0.20, 0.80)]), 62, 0.022 * place.size, pressure=105
        )
        canvas.shade(place(spline([(0.13, 0.60), (0.20, 0.71), (0.12, 0.735), (0.08, 0.70)], closed=True)), 215)


def _draw_eye(canvas: Canvas, place: Placement, x: float, wide: float, mood: float, *, bold: bool) -> None:
    y = _EYE_LINE
    if bold:
        white = spline(
            [(x - wide, y + 0.01), (x - wide * 0.2, y - 0.04), (x + wide, y), (x + wide * 0.2, y + 0.035)], closed=True
        )
        canvas.fill(place(white), 253)
        canvas.fill(place(ellipse(x + 0.012, y - 0.002, 0.034, 0.037)), 70)
        canvas.fill(place(ellipse(x + 0.012, y - 0.002, 0.016, 0.018)), 15)
        canvas.fill(place(ellipse(x + 0.024, y - 0.014, 0.009, 0.009)), 255, shining=True)
        canvas.stroke(
            place(spline([(x - wide * 0.7, y + 0.028), (x, y + 0.042), (x + wide * 0.8, y + 0.02)])), 0.6, pressure=160
        )
        canvas.stroke(
            place(spline([(x - wide * 0.9, y - 0.045), (x, y - 0.075), (x + wide * 0.9, y - 0.04)])), 0.5, pressure=130
        )
    else:
        canvas.fill(place(ellipse(x + 0.012, y, 0.026, 0.034, steps=12)), 40)
    canvas.stroke(
        place(spline([(x - wide, y + 0.012), (x - wide * 0.2, y - 0.042), (x + wide, y - 0.004)])), 1.5 if bold else 1.0
    )
    brow = spline([(x - wide * 1.2, y - 0.105), (x, y - 0.135 - 0.01 * mood), (x + wide * 1.1, y - 0.10 - 0.03 * mood)])
    canvas.stroke(place(brow), 2.0 if bold else 1.2, taper=0.8)


def _draw_ear(canvas: Canvas, place: Placement, skin: float, style: Hairstyle) -> None:
    if max(y for _, y in style.front) > 0.75:
        return
    ear = place(spline([(-0.25, 0.48), (-0.315, 0.46), (-0.325, 0.56), (-0.27, 0.68), (-0.225, 0.66)], closed=True))
    canvas.shape(ear, skin - 12, 0.8)
    canvas.stroke(place(spline([(-0.28, 0.51), (-0.295, 0.57), (-0.255, 0.62)])), 0.5)


def _draw_strands(canvas: Canvas, place: Placement, style: Hairstyle) -> None:
    knots = array(style.front)
    for tip in spline(knots[(knots[:, 0] < -0.2) | (knots[:, 1] < 0.1)], steps=3):
        target = tip * 0.93 + (0.0, 0.02)
        root = np.array([0.06, 0.0]) if tip[1] < 0.25 else np.array([-0.26, 0.08])
        sway = canvas.random.uniform(-0.03, 0.03)
        canvas.stroke(place(spline([root, (root + target) / 2 + (sway - 0.03, -0.05), target])), 0.55, pressure=190)
    shine = spline([(-0.22, 0.04), (-0.06, -0.03), (0.10, -0.035)])
    canvas.chalk(place(shine), 1.3, 215)


def draw_eyes(canvas: Canvas, place: Placement, hairstyle: str, mood: float) -> None:
    """The extreme close-up: the strip between brows and nose, `place` centred on the bridge, size half a face wide."""
    bridge = spline([(0.02, -0.16), (0.05, 0.02), (0.10, 0.22), (0.17, 0.44), (0.12, 0.54), (-0.02, 0.53)])
    canvas.shade(
        place(spline([(-0.13, -0.10), (0.05, 0.0), (0.09, 0.5), (-0.1, 0.56), (-0.17, 0.2)], closed=True)), 218
    )
    canvas.stroke(place(bridge), 1.6)
    for x, wide in ((-0.48, 0.27), (0.47, 0.235)):
        socket = spline(
            [
                (x - wide * 1.25, -0.02),
                (x - wide * 0.4, -0.19),
                (x + wide * 1.2, -0.11),
                (x + wide * 1.15, 0.08),
                (x, 0.18),
            ],
            closed=True,
        )
        canvas.shade(place(socket), 214)
        white = spline(
            [
                (x - wide, 0.035),
                (x - wide * 0.35, -0.085),
                (x + wide * 0.35, -0.085),
                (x + wide, 0.015),
                (x + wide * 0.3, 0.095),
                (x - wide * 0.5, 0.09),
            ],
            closed=True,
        )
        canvas.fill(place(white), 254)
        _draw_iris(canvas, place, x + 0.03)
        canvas.shade(
            place(
                [
                    (x - wide, 0.03),
                    (x - wide * 0.35, -0.085),
                    (x + wide * 0.35, -0.085),
                    (x + wide, 0.0),
                    (x + wide * 0.3, -0.045),
                    (x - wide * 0.4, -0.04),
                ]
            ),
            165,
        )
        canvas.stroke(
            place(
                spline(
                    [
                        (x - wide * 1.06, 0.05),
                        (x - wide * 0.35, -0.09),
                        (x + wide * 0.35, -0.09),
                        (x + wide * 1.08, 0.01),
                    ]
                )
            ),
            3.4,
            taper=0.5,
        )
        canvas.stroke(place(spline([(x - wide * 0.8, 0.075), (x, 0.115), (x + wide * 0.9, 0.055)])), 1.0, pressure=190)
        canvas.stroke(
            place(spline([(x - wide * 1.0, -0.06), (x - wide * 0.2, -0.165), (x + wide * 0.9, -0.10)])),
            1.1,
            pressure=190,
        )
        for step in range(7):
            at = -0.8 + step * 0.28
            root = np.array([x + wide * at, -0.09 + 0.085 * abs(at) ** 2])
            canvas.stroke(place(spline([root, root + (0.02 * at, -0.03), root + (0.055 * at, -0.055)])), 1.1)
        _draw_brow(canvas, place, x, wide, mood)
    cheek = place([(-1.05, 0.2), (-0.75, 0.28), (-0.62, 0.62), (-0.9, 0.7)])
    canvas.hatch(cheek, 58, 0.03 * place.size, pressure=110)
    canvas.hatch(place([(-0.16, -0.06), (0.02, 0.0), (0.04, 0.3), (-0.1, 0.34)]), 70, 0.025 * place.size, pressure=115)
    style = HAIRSTYLES[hairstyle]
    for index in range(14):
        x = -1.25 + 0.05 * index + canvas.random.uniform(-0.03, 0.03)
        lock = spline([(x + 0.5, -1.0), (x + 0.1, -0.55), (x - 0.12, 0.0), (x - 0.1, 0.5 + 0.1 * (index % 3))])
        canvas.stroke(place(lock), 1.6 if style.strands else 0.6, pressure=210)


def _draw_iris(canvas: Canvas, place: Placement, x: float) -> None:
    canvas.shape(place(ellipse(x, -0.002, 0.098, 0.098)), 128, 1.2)
    for angle in np.linspace(0, 2 * np.pi, 22, endpoint=False):
        ray = np.array([np.cos(angle), np.sin(angle)])
        canvas.lines([place([ray * 0.05 + (x, 0), ray * 0.09 + (x, 0)])], 0.5, pressure=150)
    canvas.fill(place(ellipse(x, -0.002, 0.047, 0.047)), 12)
    canvas.fill(place(ellipse(x + 0.035, -0.035, 0.022, 0.024)), 255, shining=True)


def _draw_brow(canvas: Canvas, place: Placement, x: float, wide: float, mood: float) -> None:
    inner = 1 if x < 0 else -1
    frown = 0.05 * min(mood, 0) * -1
    arch = spline(
        [(x - inner * wide * 1.2, -0.20), (x - inner * wide * 0.2, -0.315), (x + inner * wide * 1.0, -0.25 + frown)]
    )
    canvas.shade(place(np.vstack([arch, arch[::-1] + (0, 0.06)])), 150)
    for index in range(len(arch) - 1):
        root = arch[index] + (0, 0.065)
        lean = -inner * 0.06
        canvas.stroke(place([root, root + (lean * 0.5, -0.05), root + (lean, -0.085)]), 1.2, pressure=220)
