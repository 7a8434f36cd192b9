"""Times of day and weather over one landscape: hills, a house with its shadow, a tree."""

from __future__ import annotations

import math
from dataclasses import dataclass

from projects.drawings.pen import WIDTH, arc, circle, ellipse, fill_all, line, path, polygon, rect

_HORIZON = 36


@dataclass(frozen=True)
class Air:
    """Colours from the zenith down, and the sun as (x, y); `shadow` is the length of shadows to the right or left."""

    high: str
    middle: str
    low: str
    hill: str
    ground: str
    sun: tuple[float, float] | None = None
    sun_colour: str = "#fff4cf"
    shadow: float = 0
    thing: str = "#4a3f39"
    window: str = "#2d2622"


def _sky(air: Air) -> str:
    bands = fill_all(air.high) + rect(0, 14, WIDTH, 40, air.middle) + rect(0, 25, WIDTH, 29, air.low)
    if air.sun is None:
        return bands
    x, y = air.sun
    return bands + circle(x, y, 10, air.sun_colour, fill_opacity=0.25) + circle(x, y, 5.5, air.sun_colour)


def _land(air: Air) -> str:
    ridge = polygon((-20, 36), (0, 29), (16, 33), (36, 26), (58, 34), (80, 27), (116, 36), fill=air.hill)
    ground = rect(-20, _HORIZON, 136, 40, air.ground)
    shadows = ""
    if air.shadow:
        shadows = polygon(
            (24, 44), (40, 44), (40 + air.shadow, 50), (24 + air.shadow, 50), fill="#000000", fill_opacity=0.28
        )
        shadows += polygon(
            (71, 45), (74, 45), (74 + air.shadow, 51), (69 + air.shadow, 51), fill="#000000", fill_opacity=0.28
        )
    house = (
        rect(24, 33, 16, 11, air.thing)
        + polygon((21.5, 34), (32, 25), (42.5, 34), fill=air.thing)
        + rect(30, 36, 4, 4, air.window)
    )
    tree = (
        rect(71.4, 33, 2.4, 12, air.thing)
        + circle(72.6, 28, 7, air.thing)
        + circle(68, 32, 4.5, air.thing)
        + circle(77, 32, 4.5, air.thing)
    )
    return ridge + ground + shadows + house + tree


def _view(air: Air) -> str:
    return _sky(air) + _land(air)


_LAMP = "#ffd773"


def _night() -> str:
    air = Air("#0d1428", "#121b33", "#19243f", "#0f1729", "#0c1220", thing="#060a14", window=_LAMP)
    stars = "".join(circle(4 + index * 31 % 92, 3 + index * 17 % 22, 0.8, "#dbe4ff") for index in range(14))
    moon = circle(78, 11, 5.5, "#eef2ff") + circle(80.6, 9.6, 4.8, air.high)
    return _sky(air) + stars + moon + _land(air)


TIMES: dict[str, str] = {
    "dawn": _view(Air("#5d6f96", "#93a0bd", "#d8c1c4", "#5a607c", "#4b5263", thing="#333a4e")),
    "sunrise": _view(Air("#8fa6cc", "#e6b9b6", "#ffd6b0", "#96798a", "#7d6a66", (14, 33), "#fff0cf", 20, "#54434c")),
    "morning": _view(Air("#8fc3ea", "#b8dcf2", "#e4f1f3", "#84a08f", "#8fae6d", (18, 19), "#fffbe2", 13, "#5b5148")),
    "noon": _view(Air("#4f9fe0", "#79b9ea", "#a9d5f2", "#7d9f7c", "#93b75f", (50, 7), "#ffffff", 1, "#54493d")),
    "afternoon": _view(Air("#6aaade", "#9cc7e2", "#e2e3cf", "#8c9a74", "#a5ac5e", (76, 14), "#fff6cf", -10, "#5a4a3a")),
    "golden-hour": _view(
        Air("#b79a7e", "#e7b877", "#ffd68a", "#a2793f", "#a5803c", (84, 24), "#fff6c9", -20, "#4e351f")
    ),
    "sunset": _view(Air("#6b4a78", "#d2645a", "#ff9a4a", "#5e3a4c", "#4a323a", (56, 33), "#ffe08a", 0, "#2b1d27")),
    "dusk": _view(Air("#34406a", "#6a628c", "#c48a86", "#3a3b58", "#2f3247", thing="#1d2032", window=_LAMP)),
    "blue-hour": _view(Air("#12285c", "#1f3f80", "#3b63a8", "#14264c", "#12203d", thing="#0a1429", window=_LAMP)),
    "night": _night(),
}


def _cloud(x: float, y: float, size: float, fill: str, **more: float | str) -> str:
    lobes = ((0, 0, 7, 4), (-6, 1.6, 5, 3), (6.4, 1.4, 6, 3.2), (1, 2.6, 11, 2.4))
    return "".join(
        ellipse(x + dx * size, y + dy * size, rx * size, ry * size, fill, **more) for dx, dy, rx, ry in lobes
    )


_DAY = Air("#67aee6", "#8cc4ec", "#b7dcf2", "#7f9d83", "#8fb066", (76, 11), "#fffbe0", -7, "#54493d")
_DULL = Air("#aab3bb", "#b8c0c6", "#c6ccd0", "#838d8c", "#8b9284", thing="#4d4f4f")
_WET = Air("#6f7c88", "#84909a", "#98a3ab", "#5c686c", "#5c6a66", thing="#33393d")
_BLACK = Air("#2c333f", "#3b4450", "#4d5763", "#2d353d", "#333c3e", thing="#171c21")
_WHITE = Air("#a9b6c3", "#bcc7d1", "#d0d9e0", "#c3cdd6", "#f2f6f9", thing="#4b545d")


def _streaks(count: int, length: float, slant: float, colour: str, width: float = 1.1) -> str:
    drops = []
    for index in range(count):
        x, y = index * 37 % 104 - 4, index * 23 % 50
        drops.append(line((x, y), (x - slant, y + length), stroke=colour, width=width))
    return "".join(drops)


def _flakes(count: int, colour: str = "#ffffff") -> str:
    return "".join(
        circle(2 + index * 41 % 94, 2 + index * 29 % 50, 1 + index % 3 * 0.45, colour) for index in range(count)
    )


def _gusts(colour: str) -> str:
    parts = []
    for x, y, length in ((6, 12, 40), (30, 20, 48), (4, 40, 34), (50, 47, 34)):
        curl = arc(x + length, y - 3, 4, 3, 90, -170, 8)
        parts.append(line((x, y), (x + length, y), *curl, stroke=colour, width=1.5))
    return "".join(parts)


def _puddles() -> str:
    return "".join(
        ellipse(x, y, rx, 1.9, "#a9c6d8") + line((x - rx * 0.5, y), (x + rx * 0.3, y), stroke="#e6f2f8", width=0.9)
        for x, y, rx in ((52, 47, 11), (20, 50, 9), (82, 50, 8))
    )


def _heat() -> str:
    waves = []
    for y in (30, 34, 38, 42):
        points = [(x, y + 1.2 * math.sin(x / 3 + y)) for x in range(-2, 100, 2)]
        waves.append(line(*points, stroke="#fff6da", width=1, stroke_opacity=0.75))
    air = Air("#8fb9d6", "#cfd5bd", "#f3dfae", "#c2a56d", "#d3ae66", (48, 9), "#ffffff", 0, "#6e5838")
    return _view(air) + "".join(waves)


def _bolt() -> str:
    return polygon((56, 8), (47, 23), (53, 23), (48, 37), (63, 19), (56, 19), (61, 8), fill="#fff3a8")


def _bent_tree() -> str:
    return path("M60 46C60 36 64 30 74 26", "none", stroke="#54493d", stroke_width=2.6) + "".join(
        line((68 + step * 2.2, 28 - step), (82 + step * 3, 25 - step * 2.4), stroke="#54493d", width=2.2)
        for step in range(4)
    )


WEATHERS: dict[str, str] = {
    "clear": _view(_DAY),
    "cloudy": _sky(_DAY) + _cloud(26, 10, 1.3, "#ffffff") + _cloud(66, 17, 1.1, "#f4f8fb") + _land(_DAY),
    "overcast": _sky(_DULL)
    + "".join(_cloud(x, y, 1.8, "#98a2ab") for x, y in ((12, 4), (46, 6), (84, 3)))
    + _land(_DULL),
    "heat-haze": _heat(),
    "mist": _view(_DULL)
    + "".join(
        rect(-4, y, 104, height, "#eef2f4", fill_opacity=0.72, rx=2) for y, height in ((29, 4), (36, 5), (44, 6))
    ),
    "fog": _view(_DULL)
    + rect(0, 0, WIDTH, 54, "#dde2e5", fill_opacity=0.84)
    + rect(0, 42, WIDTH, 12, "#b9c0c2", fill_opacity=0.5),
    "drizzle": _sky(_WET) + _cloud(30, 5, 1.7, "#8b97a1") + _land(_WET) + _streaks(26, 2.4, 0.5, "#d3dee6", 0.8),
    "rain": _sky(_WET)
    + _cloud(26, 4, 1.8, "#5b6772")
    + _cloud(72, 5, 1.7, "#5b6772")
    + _land(_WET)
    + _streaks(34, 7, 1.6, "#d6e4ee"),
    "after-rain": _sky(_DAY)
    + _cloud(22, 8, 1.5, "#8795a3")
    + _land(_DAY)
    + _puddles()
    + "".join(
        line(*arc(58, 40, 34 - step * 2, 27 - step * 2, 195, 345), stroke=colour, width=1.8, stroke_opacity=0.7)
        for step, colour in enumerate(("#e2574c", "#f0c04a", "#57b368", "#4f83d1"))
    ),
    "storm": _sky(_BLACK)
    + _cloud(24, 5, 1.9, "#1d232c")
    + _cloud(70, 5, 1.9, "#1d232c")
    + _bolt()
    + _land(_BLACK)
    + _streaks(26, 8, 5, "#aebccb"),
    "wind": _sky(_DAY) + rect(0, _HORIZON, WIDTH, 20, _DAY.ground) + _bent_tree() + _gusts("#ffffff"),
    "sandstorm": _view(Air("#b98a4e", "#c8995a", "#d3a868", "#b58a50", "#b88f55", thing="#8a653a"))
    + rect(0, 0, WIDTH, 54, "#c99a58", fill_opacity=0.55)
    + _gusts("#f0d6a4")
    + _flakes(20, "#e9c98d"),
    "snow": _view(_WHITE) + _flakes(30),
    "blizzard": _view(_WHITE)
    + rect(0, 0, WIDTH, 54, "#e3eaf0", fill_opacity=0.72)
    + _streaks(40, 3, 9, "#ffffff", 1.6)
    + _flakes(16),
}
