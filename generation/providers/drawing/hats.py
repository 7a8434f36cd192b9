"""What people wear on their heads and chins, in head heights like `faces`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.faces import Placement
from generation.providers.drawing.geometry import Points, spline

Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Hat:
    """`crown` and `brim` in three-quarter view, `crown_behind` and `brim_behind` from the back."""

    crown: Outline
    brim: Outline
    crown_behind: Outline
    brim_behind: Outline
    tone: float
    brim_tone: float


_DOME = ((-0.41, 0.22), (-0.40, 0.0), (-0.24, -0.20), (0.04, -0.25), (0.28, -0.16), (0.39, 0.06), (0.37, 0.22))
_DOME_BEHIND = ((-0.42, 0.30), (-0.41, 0.02), (-0.24, -0.20), (0.0, -0.25), (0.24, -0.20), (0.41, 0.02), (0.42, 0.30))

HATS: Mapping[str, Hat] = {
    "souwester": Hat(
        crown=_DOME,
        brim=(
            (0.62, 0.22), (0.52, 0.12), (0.30, 0.06), (-0.05, 0.08), (-0.34, 0.14), (-0.55, 0.40), (-0.72, 0.80),
            (-0.58, 0.84), (-0.36, 0.58), (-0.20, 0.32), (0.10, 0.20), (0.36, 0.20), (0.56, 0.28),
        ),
        crown_behind=_DOME_BEHIND,
        brim_behind=(
            (-0.44, 0.16), (-0.60, 0.40), (-0.72, 0.84), (-0.46, 1.02), (0.0, 1.10), (0.46, 1.02), (0.72, 0.84),
            (0.60, 0.40), (0.44, 0.16), (0.0, 0.26),
        ),
        tone=214,
        brim_tone=190,
    ),
    "brimmed": Hat(
        crown=(
            (-0.39, 0.16), (-0.37, -0.10), (-0.26, -0.30), (-0.05, -0.26), (0.12, -0.34), (0.30, -0.22), (0.36, 0.0),
            (0.36, 0.16),
        ),
        brim=(
            (0.70, 0.20), (0.40, 0.07), (0.0, 0.06), (-0.40, 0.07), (-0.66, 0.16), (-0.60, 0.24), (-0.20, 0.19),
            (0.20, 0.22), (0.50, 0.27),
        ),
        crown_behind=((-0.40, 0.2), (-0.37, -0.12), (-0.2, -0.32), (0.0, -0.27), (0.2, -0.32), (0.37, -0.12), (0.40, 0.2)),
        brim_behind=(
            (-0.72, 0.20), (-0.4, 0.10), (0.0, 0.12), (0.4, 0.10), (0.72, 0.20), (0.44, 0.32), (0.0, 0.36), (-0.44, 0.32),
        ),
        tone=110,
        brim_tone=92,
    ),
    "peaked": Hat(
        crown=(
            (-0.40, 0.20), (-0.48, -0.02), (-0.36, -0.22), (0.04, -0.27), (0.40, -0.18), (0.46, -0.02), (0.37, 0.16),
        ),
        brim=((0.10, 0.16), (0.36, 0.14), (0.58, 0.26), (0.54, 0.33), (0.34, 0.27), (0.12, 0.24)),
        crown_behind=((-0.40, 0.3), (-0.50, 0.0), (-0.34, -0.2), (0.0, -0.24), (0.34, -0.2), (0.50, 0.0), (0.40, 0.3)),
        brim_behind=((-0.41, 0.20), (0.0, 0.24), (0.41, 0.20), (0.40, 0.32), (0.0, 0.36), (-0.40, 0.32)),
        tone=88,
        brim_tone=48,
    ),
    "helmet": Hat(
        crown=(
            (-0.46, 0.42), (-0.46, 0.06), (-0.30, -0.20), (0.02, -0.27), (0.30, -0.17), (0.44, 0.08), (0.42, 0.22),
            (0.0, 0.18), (-0.22, 0.24), (-0.28, 0.44),
        ),
        brim=((0.44, 0.18), (0.50, 0.24), (0.10, 0.22), (-0.20, 0.28), (-0.20, 0.20), (0.10, 0.15)),
        crown_behind=(
            (-0.46, 0.62), (-0.48, 0.1), (-0.28, -0.2), (0.0, -0.27), (0.28, -0.2), (0.48, 0.1), (0.46, 0.62), (0.0, 0.70),
        ),
        brim_behind=((-0.48, 0.54), (0.0, 0.62), (0.48, 0.54), (0.46, 0.66), (0.0, 0.74), (-0.46, 0.66)),
        tone=150,
        brim_tone=120,
    ),
    "hood": Hat(
        crown=(
            (-0.50, 1.10), (-0.56, 0.50), (-0.44, 0.0), (-0.14, -0.26), (0.20, -0.20), (0.40, 0.06), (0.44, 0.34),
            (0.34, 0.18), (0.12, 0.08), (-0.10, 0.24), (-0.18, 0.60), (-0.12, 0.96), (-0.24, 1.16),
        ),
        brim=((0.40, 0.08), (0.46, 0.36), (0.36, 0.22), (0.14, 0.10), (0.20, 0.04)),
        crown_behind=(
            (-0.62, 1.30), (-0.56, 0.50), (-0.36, -0.04), (0.0, -0.26), (0.36, -0.04), (0.56, 0.50), (0.62, 1.30),
            (0.0, 1.42),
        ),
        brim_behind=((-0.5, 1.20), (0.0, 1.30), (0.5, 1.20), (0.0, 1.38)),
        tone=120,
        brim_tone=100,
    ),
}  # fmt: skip


def draw_hat(canvas: Canvas, place: Placement, name: str, weight: float) -> None:
    hat = HATS[name]
    crown = place(spline(hat.crown, closed=True, steps=5))
    canvas.fill(crown, hat.tone)
    canvas.shade(_away_from_light(crown, place), hat.tone * 0.76, within=crown)
    canvas.outline(crown, weight)
    canvas.shape(place(spline(hat.brim, closed=True, steps=5)), hat.brim_tone, weight)


def draw_hat_from_behind(canvas: Canvas, place: Placement, name: str) -> None:
    hat = HATS[name]
    brim = place(spline(hat.brim_behind, closed=True, steps=5))
    crown = place(spline(hat.crown_behind, closed=True, steps=5))
    canvas.fill(crown, hat.tone * 0.8)
    canvas.shade(_away_from_light(crown, place), hat.tone * 0.6, within=crown)
    canvas.outline(crown, 1.2)
    canvas.fill(brim, hat.brim_tone * 0.8)
    canvas.shade(_away_from_light(brim, place), hat.brim_tone * 0.62, within=brim)
    canvas.outline(brim, 1.2)


def draw_beard(canvas: Canvas, place: Placement, *, full: bool, grey: bool) -> None:
    tone = 226.0 if grey else 96.0
    if full:
        jaw = (
            (-0.20, 0.58), (-0.13, 0.74), (-0.01, 0.78), (0.12, 0.76), (0.24, 0.76), (0.32, 0.68), (0.34, 0.80),
            (0.30, 1.00), (0.18, 1.16), (0.04, 1.18), (-0.10, 1.04), (-0.20, 0.84),
        )  # fmt: skip
        mass = place(spline(jaw, closed=True, steps=5))
        canvas.fill(mass, tone)
        canvas.shade(_away_from_light(mass, place), tone * 0.8, within=mass)
        canvas.outline(mass, 0.8)
    moustache = ((-0.02, 0.83), (0.08, 0.76), (0.15, 0.75), (0.22, 0.76), (0.29, 0.82), (0.16, 0.81))
    canvas.shape(place(spline(moustache, closed=True, steps=4)), tone * 0.9, 0.6)
    if place.size < 0.06:
        return
    canvas.stroke(place(spline([(0.07, 0.86), (0.14, 0.872), (0.20, 0.86)])), 1.1)
    if full:
        for index in range(9):
            x = -0.12 + 0.05 * index
            tip = (x + 0.02 + canvas.random.uniform(-0.02, 0.02), 1.02 + 0.10 * (1 - abs(index - 4) / 4))
            canvas.stroke(place(spline([(x, 0.86), (x - 0.012, 0.95), tip])), 0.55, pressure=150)


def draw_wrinkles(canvas: Canvas, place: Placement) -> None:
    if place.size < 0.09:
        return
    for line in (
        [(-0.16, 0.53), (-0.20, 0.51)],
        [(-0.16, 0.56), (-0.20, 0.57)],
        [(-0.10, 0.62), (-0.05, 0.635), (0.0, 0.62)],
        [(0.06, 0.70), (0.03, 0.76), (0.0, 0.80)],
        [(0.0, 0.31), (0.12, 0.295), (0.26, 0.32)],
        [(0.02, 0.36), (0.13, 0.35), (0.25, 0.37)],
    ):
        canvas.stroke(place(spline(line)), 0.6, pressure=150)


def _away_from_light(outline: Points, place: Placement) -> Points:
    return outline - (0.26 * place.facing * place.size, -0.10 * place.size)
