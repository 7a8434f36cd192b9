"""Strokes and shapes as SVG text, and the things that many pictures share: a figure, a camera, an arrow."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]

WIDTH, HEIGHT = 96, 54
INK = "currentColor"
MARK = "var(--on-soft)"
PAPER = "var(--raised)"


def number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _attributes(attributes: dict[str, float | str]) -> str:
    return "".join(
        f' {name.rstrip("_").replace("_", "-")}="{value if isinstance(value, str) else f"{value:g}"}"'
        for name, value in attributes.items()
    )


def rect(x: float, y: float, width: float, height: float, fill: str = INK, **more: float | str) -> str:
    box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
    return f'<rect {box} fill="{fill}"{_attributes(more)}/>'


def circle(x: float, y: float, radius: float, fill: str = INK, **more: float | str) -> str:
    return f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"{_attributes(more)}/>'


def ellipse(x: float, y: float, rx: float, ry: float, fill: str = INK, **more: float | str) -> str:
    where = f'cx="{number(x)}" cy="{number(y)}" rx="{number(rx)}" ry="{number(ry)}"'
    return f'<ellipse {where} fill="{fill}"{_attributes(more)}/>'


def path(d: str, fill: str = INK, **more: float | str) -> str:
    return f'<path d="{d}" fill="{fill}"{_attributes(more)}/>'


def line(*points: Point, stroke: str = INK, width: float = 1.5, **more: float | str) -> str:
    return path(
        _through(points),
        "none",
        stroke=stroke,
        stroke_width=width,
        stroke_linecap="round",
        stroke_linejoin="round",
        **more,
    )


def polygon(*points: Point, fill: str = INK, **more: float | str) -> str:
    return path(f"{_through(points)}Z", fill, **more)


def frame(x: float, y: float, width: float, height: float, stroke: str = INK, **more: float | str) -> str:
    return rect(x, y, width, height, "none", stroke=stroke, stroke_width=more.pop("stroke_width", 1.5), **more)


def group(*parts: str, **more: float | str) -> str:
    return f"<g{_attributes(more)}>{''.join(parts)}</g>"


def fill_all(colour: str) -> str:
    """Beyond the edges, too, so that a picture may be moved a little."""
    return rect(0, 0, WIDTH, HEIGHT, colour)


def _through(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, steps: int = 14) -> list[Point]:
    """Points from the angle `start` to `end` in degrees; 0 is to the right, 90 is down."""
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def arrow(points: Sequence[Point], width: float = 2.4, stroke: str = MARK, *, both: bool = False) -> str:
    """A line with a head at its end, or at both, and a rim that lifts it off what is behind."""
    size = width * 2.1
    heads = [_head(points[-2], points[-1], size), *([_head(points[1], points[0], size)] if both else [])]
    rim = "".join(polygon(*head, fill=PAPER, stroke=PAPER, stroke_width=2, stroke_linejoin="round") for head in heads)
    tips = "".join(polygon(*head, fill=stroke) for head in heads)
    return line(*points, stroke=PAPER, width=width + 2) + rim + line(*points, stroke=stroke, width=width) + tips


def _head(before: Point, tip: Point, size: float) -> list[Point]:
    angle = math.atan2(tip[1] - before[1], tip[0] - before[0])
    ahead = (tip[0] + math.cos(angle) * size * 0.9, tip[1] + math.sin(angle) * size * 0.9)
    across = (-math.sin(angle) * size * 0.85, math.cos(angle) * size * 0.85)
    back = (tip[0] - math.cos(angle) * size * 0.5, tip[1] - math.sin(angle) * size * 0.5)
    return [(back[0] + across[0], back[1] + across[1]), ahead, (back[0] - across[0], back[1] - across[1])]


#: The right half of a standing figure, from the neck down; the height is 1, the head another 0.13.
_RIGHT_HALF: tuple[Point, ...] = (
    *((0.028, 0.115), (0.032, 0.155), (0.105, 0.175), (0.13, 0.205), (0.152, 0.49), (0.118, 0.50), (0.098, 0.27)),
    *((0.08, 0.41), (0.09, 0.50), (0.08, 0.74), (0.072, 0.97), (0.085, 1.0), (0.022, 1.0), (0.012, 0.74), (0.0, 0.54)),
)


def figure(x: float, top: float, height: float, fill: str = INK, **more: float | str) -> str:
    """Somebody who stands there; `top` is the crown of the head. What of it lies outside the picture is cut off."""
    right = [(x + dx * height, top + dy * height) for dx, dy in _RIGHT_HALF]
    left = [(x - dx * height, top + dy * height) for dx, dy in reversed(_RIGHT_HALF)]
    head = ellipse(x, top + height * 0.068, height * 0.05, height * 0.068)
    body = polygon(*right, *left, stroke=fill, stroke_width=min(2.0, height * 0.03), stroke_linejoin="round")
    return group(head.replace(f'"{INK}"', f'"{fill}"'), body.replace(f'"{INK}"', f'"{fill}"'), **more)


def face(x: float, top: float, height: float, fill: str = PAPER) -> str:
    """The features of the figure of that place and height, where it is near enough to have any."""
    eye, brow = height * 0.009, height * 0.016
    parts = []
    for side in (-1, 1):
        ex, ey = x + side * height * 0.019, top + height * 0.066
        parts += [
            ellipse(ex, ey, height * 0.0085, height * 0.0045, fill),
            line((ex - eye, ey - brow), (ex + eye, ey - brow), stroke=fill, width=max(0.6, height * 0.004)),
        ]
    nose = [(x, top + height * 0.072), (x + height * 0.006, top + height * 0.088), (x, top + height * 0.09)]
    mouth = [(x - height * 0.014, top + height * 0.108), (x + height * 0.014, top + height * 0.108)]
    return "".join(parts) + "".join(line(*part, stroke=fill, width=max(0.7, height * 0.004)) for part in (nose, mouth))


def camera(x: float, y: float, turn: float = 0, scale: float = 1.0) -> str:
    """A film camera in profile that looks to the right; `turn` in degrees, clockwise."""
    parts = [
        rect(-7, -3, 9, 6.5, MARK, rx=1),
        polygon((2, -0.8), (5.5, -3), (5.5, 3.5), (2, 1.3), fill=MARK),
        circle(-5, -5, 2.3, MARK),
        circle(-0.6, -5.3, 2.7, MARK),
    ]
    return group(*parts, transform=f"translate({number(x)} {number(y)}) rotate({number(turn)}) scale({number(scale)})")


def sight(*points: Point) -> str:
    """What a camera looks along."""
    return line(*points, stroke=MARK, width=1.1, stroke_dasharray="2 2.4")


def hills(fill: str = INK, base: float = 38, **more: float | str) -> str:
    ridge: list[Point] = [(-30, base - 5), (-12, base - 13), (4, base - 4), (18, base - 15), (31, base - 5)]
    ridge += [(44, base - 10), (60, base - 3), (78, base - 17), (95, base - 4), (110, base - 12), (126, base - 3)]
    return polygon(*ridge, (126, base), (-30, base), fill=fill, **more)


NONE = frame(20.5, 11.5, 55, 31, stroke_dasharray="3 3", rx=3, stroke_opacity=0.5) + "".join(
    circle(x, 27, 2, fill_opacity=0.5) for x in (38, 48, 58)
)
