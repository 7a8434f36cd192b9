"""Lenses as what they take in, seen from above; depth of field as what is sharp of a row of figures."""

from __future__ import annotations

import math

from projects.drawings.pen import (
    INK,
    MARK,
    PAPER,
    WIDTH,
    arc,
    arrow,
    camera,
    circle,
    ellipse,
    figure,
    hills,
    line,
    polygon,
    rect,
)

_EYE = (15.0, 27.0)


def _takes_in(degrees: float) -> str:
    """A camera from above, its angle of view, and a crowd of which it sees those inside."""
    x, y = _EYE
    half = degrees / 2
    edge = arc(x, y, 78, 78, -half, half, 16)
    wedge = polygon((x, y), *edge, fill=MARK, fill_opacity=0.22)
    sides = line(edge[0], (x, y), edge[-1], stroke=MARK, width=1.2)
    crowd = []
    for column in range(5):
        for row in range(5):
            px, py = 32 + column * 13.5, 7 + row * 10 + (column % 2) * 2 - 1
            inside = abs(math.degrees(math.atan2(py - y, px - x))) <= half + 1.5
            crowd.append(circle(px, py, 2.5, INK, fill_opacity=1 if inside else 0.22))
    return wedge + sides + "".join(crowd) + camera(x - 5, y, 0, 1.1)


def _fisheye() -> str:
    bends = [
        "".join(
            line(
                *[(48 + dx * math.sqrt(max(0, 1 - (dy / 24) ** 2)) * 0.98, 27 + dy) for dy in range(-24, 25, 3)],
                width=1,
            )
            for dx in (-24, -13, 0, 13, 24)
        ),
        "".join(
            line(
                *[(48 + dx, 27 + dy * math.sqrt(max(0, 1 - (dx / 24) ** 2)) * 0.98) for dx in range(-24, 25, 3)],
                width=1,
            )
            for dy in (-13, 0, 13)
        ),
    ]
    ring = circle(48, 27, 25, INK, fill_opacity=0.12, stroke=INK, stroke_width=2)
    return ring + "".join(bends) + figure(48, 13, 28, MARK)


def _macro() -> str:
    petals = "".join(
        ellipse(62, 19, 3.6, 9, fill_opacity=0.75, transform=f"rotate({turn} 62 27)") for turn in range(0, 360, 45)
    )
    barrel = rect(2, 15, 20, 24, MARK, rx=2) + rect(22, 12, 10, 30, MARK, rx=2) + ellipse(32, 27, 3.5, 13, PAPER)
    return barrel + petals + circle(62, 27, 5, MARK) + line((62, 36), (66, 56), width=2)


def _anamorphic() -> str:
    bars = rect(0, 0, WIDTH, 7, "#08090b") + rect(0, 47, WIDTH, 7, "#08090b")
    ovals = "".join(
        ellipse(x, y, 3, 6, MARK, fill_opacity=0.5) for x, y in ((16, 20), (30, 17), (78, 19), (88, 23), (22, 33))
    )
    flare = line((0, 22), (96, 22), stroke=MARK, width=1.6) + line((20, 22), (88, 22), stroke=MARK, width=3)
    return (
        rect(0, 7, WIDTH, 40, fill_opacity=0.1) + ovals + flare + circle(62, 22, 3.4, MARK) + figure(48, 15, 44) + bars
    )


def _tilt_shift() -> str:
    rows = []
    for y, opacity in ((6, 0.22), (16, 0.3), (27, 1.0), (38, 0.3), (47, 0.22)):
        for x in range(6, 92, 13):
            soft = opacity < 1
            rows.append(rect(x - soft, y - soft, 8 + 2 * soft, 6 + 2 * soft, rx=2 * soft, fill_opacity=opacity))
    band = rect(0, 24, WIDTH, 12, MARK, fill_opacity=0.25)
    return (
        band
        + "".join(rows)
        + line((0, 24), (96, 24), stroke=MARK, width=1)
        + line((0, 36), (96, 36), stroke=MARK, width=1)
    )


def _vintage() -> str:
    swirls = "".join(
        line(*arc(48, 27, radius * 1.55, radius, start, start + 34), width=2.2, stroke_opacity=0.35)
        for radius in (17, 22, 27, 32)
        for start in range(radius * 7 % 60, 360, 60)
    )
    glow = circle(48, 20, 11, MARK, fill_opacity=0.16) + circle(48, 20, 15, MARK, fill_opacity=0.14)
    return swirls + glow + figure(48, 9, 60)


def _soft(x: float, top: float, height: float) -> str:
    """The figure out of focus: what it would be, spread."""
    spread = height * 0.05
    copies = ((-spread, 0), (spread, 0), (0, -spread * 0.7), (0, spread * 0.7), (0, 0))
    return "".join(figure(x + dx, top + dy, height, opacity=0.17) for dx, dy in copies)


def _row(near: bool, middle: bool, far: bool) -> str:
    ground = rect(0, 46, WIDTH, 8, fill_opacity=0.12)
    places = ((75, 24, 22, far), (49, 16, 32, middle), (20, 5, 46, near))
    return ground + "".join(
        figure(x, top, height) if sharp else _soft(x, top, height) for x, top, height, sharp in places
    )


def _corners(x: float, y: float, width: float, height: float) -> str:
    found = []
    for cx, dx in ((x, 1), (x + width, -1)):
        for cy, dy in ((y, 1), (y + height, -1)):
            found.append(line((cx + dx * 4, cy), (cx, cy), (cx, cy + dy * 4), stroke=MARK, width=1.6))
    return "".join(found)


def _split() -> str:
    seam = line((50, 2), (50, 52), stroke=MARK, width=3.5, stroke_opacity=0.35)
    near = figure(20, 6, 130) + hills(base=40, fill_opacity=0.14)
    return near + rect(0, 46, WIDTH, 8, fill_opacity=0.1) + seam + figure(72, 20, 26) + _corners(60, 15, 24, 34)


LENSES: dict[str, str] = {
    "fisheye": _fisheye(),
    "ultra-wide": _takes_in(104),
    "wide": _takes_in(72),
    "normal": _takes_in(46),
    "portrait": _takes_in(27),
    "telephoto": _takes_in(12),
    "macro": _macro(),
    "anamorphic": _anamorphic(),
    "tilt-shift": _tilt_shift(),
    "vintage": _vintage(),
}

DEPTHS: dict[str, str] = {
    "shallow": _row(False, True, False) + _corners(39, 12, 20, 38),
    "medium": _row(False, True, True) + _corners(39, 12, 47, 38),
    "deep": _row(True, True, True) + _corners(6, 2, 82, 49),
    "rack-focus": _row(True, False, False) + _corners(9, 2, 22, 49) + arrow(arc(55, 18, 19, 11, 195, 325), 2),
    "split-diopter": _split(),
}
