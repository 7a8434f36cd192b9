"""Camera moves: marks over one scene that is the same for all, so that only the move differs."""

from __future__ import annotations

import math

from projects.drawings.pen import (
    MARK,
    PAPER,
    Point,
    arc,
    arrow,
    circle,
    ellipse,
    figure,
    frame,
    hills,
    line,
    polygon,
    rect,
)

SCENE = (
    hills(fill_opacity=0.25, base=36)
    + rect(-30, 36, 160, 40, fill_opacity=0.12)
    + rect(19, 27, 2, 12, fill_opacity=0.6)
    + circle(20, 23, 6.5, fill_opacity=0.5)
    + rect(73, 28, 11, 10, fill_opacity=0.5)
    + polygon((71, 29), (78.5, 22), (86, 29), fill_opacity=0.6)
    + figure(48, 16, 25)
)


def _pan(direction: int) -> str:
    points = arc(48, 74, 34, 31, 230, 310)
    return _pivot(48, 50) + arrow(points if direction > 0 else points[::-1])


def _pivot(x: float, y: float) -> str:
    return circle(x, y, 2.6, PAPER) + circle(x, y, 1.7, MARK)


def _whip_pan() -> str:
    smears = [(8, 20, 26), (58, 14, 30), (14, 30, 20), (62, 30, 26)]
    blur = "".join(line((x, y), (x + length, y), width=1.8, stroke_opacity=0.45) for x, y, length in smears)
    return (
        blur
        + "".join(line((x, y), (x + 16, y), stroke=MARK, width=1.4) for x, y in ((14, 41), (8, 45.5), (14, 50)))
        + arrow([(28, 45.5), (74, 45.5)], 3.4)
    )


def _tilt(direction: int) -> str:
    points = arc(58, 27, 29, 29, -42, 42)
    return _pivot(74, 27) + arrow(points[::-1] if direction > 0 else points)


def _roll() -> str:
    tilted = frame(20, 10, 56, 34, MARK, stroke_width=1.2, stroke_dasharray="3 2.5", transform="rotate(12 48 27)")
    return tilted + arrow(arc(48, 42, 36, 35, 220, 318))


def _dolly(direction: int) -> str:
    parts = []
    for side in (-1, 1):
        ends: list[Point] = [(48 + side * 38, 50), (48 + side * 17, 39)]
        parts.append(arrow(ends if direction > 0 else ends[::-1], 2.8))
    return "".join(parts)


def _truck(direction: int) -> str:
    ends: list[Point] = [(24, 45), (70, 45)]
    rails = line((14, 51), (82, 51), stroke=MARK, width=1.2)
    sleepers = "".join(line((x, 49.6), (x, 52.4), stroke=MARK, width=1.2) for x in range(18, 82, 8))
    return rails + sleepers + arrow(ends if direction > 0 else [(72, 45), (26, 45)])


def _pedestal(direction: int) -> str:
    low, high = 40, 14
    ends: list[Point] = [(86, low), (86, high)]
    foot = 46 if direction > 0 else 8
    return line((79, foot), (93, foot), stroke=MARK, width=2) + arrow(ends if direction > 0 else ends[::-1], 2.8)


def _crane(direction: int) -> str:
    points = arc(46, 50, 42, 40, -6, -62)
    foot, boom = (60.0, 49.0), points[6]
    arm = line((50, 54), boom, stroke=PAPER, width=3.4) + line((50, 54), boom, stroke=MARK, width=1.6)
    return arm + rect(foot[0] - 4, foot[1], 8, 8, MARK, rx=1) + arrow(points if direction > 0 else points[::-1])


def _orbit(direction: int) -> str:
    points = arc(48, 39, 28, 9, 195, 22, 24) if direction > 0 else arc(48, 39, 28, 9, -15, 158, 24)
    behind = arc(48, 39, 28, 9, 205, 335)
    return line(*behind, stroke=MARK, width=1.2, stroke_dasharray="2 2.5") + arrow(points)


def _along(direction: int) -> str:
    """On the heels of somebody who walks, or ahead of them: their steps, and the camera's way."""
    steps = "".join(ellipse(48 + side * 8, y, 1.3, 2.2, MARK) for side, y in ((-1, 51), (1, 47), (-1, 43), (1, 40)))
    ends: list[Point] = [(48, 52), (48, 45)]
    return steps + arrow(ends if direction > 0 else [(48, 42), (48, 49)], 2.8)


def _fly_over() -> str:
    drone = "".join(ellipse(x, 8, 4, 1.1, MARK) for x in (14, 24)) + line((14, 10), (24, 10), stroke=MARK, width=1.6)
    return drone + rect(16.5, 9.5, 5, 3.2, MARK) + arrow(arc(54, 60, 50, 50, 240, 300))


_CORNERS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _zoom(direction: int, width: float = 2.0, far: float = 0.44, near: float = 0.30, corners: int = 4) -> str:
    parts = []
    for x, y in _CORNERS[:corners]:
        outer, inner = (48 + x * 96 * far, 27 + y * 54 * far), (48 + x * 96 * near, 27 + y * 54 * near)
        parts.append(arrow([outer, inner] if direction > 0 else [inner, outer], width))
    return "".join(parts)


def _lens_frame() -> str:
    return frame(27, 13, 42, 28, MARK, stroke_width=1.2, stroke_dasharray="3 2.5")


def _crash_zoom() -> str:
    frames = "".join(
        frame(48 - half * 1.6, 27 - half, half * 3.2, half * 2, MARK, stroke_width=1, stroke_opacity=0.9 - half / 40)
        for half in (11, 16, 22)
    )
    return frames + _zoom(1, 3.2, far=0.46, near=0.27)


def _handheld() -> str:
    points = [(22 + step * 1.3, 46 + 3.2 * math.sin(step / 40 * math.pi * 5)) for step in range(41)]
    return arrow([(20, 46), *points, (76, 46)], 1.9, both=True)


def _static() -> str:
    corners = ((14, 7, 1, 1), (82, 7, -1, 1), (82, 47, -1, -1), (14, 47, 1, -1))
    return "".join(line((x + dx * 9, y), (x, y), (x, y + dy * 7), stroke=MARK, width=2) for x, y, dx, dy in corners)


def _steadicam() -> str:
    points = [(18 + step * 1.5, 46 - 2.6 * math.sin(step / 36 * math.pi * 2)) for step in range(37)]
    shade = line((18, 51.5), (76, 51.5), stroke=MARK, width=1, stroke_dasharray="5 3", stroke_opacity=0.8)
    return shade + arrow(points)


MOVES: dict[str, str] = {
    "static": _static(),
    "pan-left": _pan(-1),
    "pan-right": _pan(1),
    "whip-pan": _whip_pan(),
    "tilt-up": _tilt(1),
    "tilt-down": _tilt(-1),
    "roll": _roll(),
    "dolly-in": _dolly(1),
    "dolly-out": _dolly(-1),
    "truck-left": _truck(-1),
    "truck-right": _truck(1),
    "pedestal-up": _pedestal(1),
    "pedestal-down": _pedestal(-1),
    "crane-up": _crane(1),
    "crane-down": _crane(-1),
    "orbit-left": _orbit(-1),
    "orbit-right": _orbit(1),
    "follow": _along(1),
    "lead": _along(-1),
    "fly-over": _fly_over(),
    "zoom-in": _lens_frame() + _zoom(1),
    "zoom-out": _lens_frame() + _zoom(-1),
    "crash-zoom": _crash_zoom(),
    "dolly-zoom": _dolly(1) + _zoom(-1, 2.0, corners=2),
    "handheld": _handheld(),
    "steadicam": _steadicam(),
}
