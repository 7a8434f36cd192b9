"""Lighting: one head, with what each set-up lights of it and where its light comes from."""

from __future__ import annotations

from projects.drawings.pen import WIDTH, Point, circle, ellipse, fill_all, line, path, polygon, rect

X, Y, RX, RY = 48.0, 22.0, 10.5, 13.5
_BODY = "M20 54C22 45 33 42 43 40V33H53V40C63 42 74 45 76 54Z"
_LEFT_BODY = "M20 54C22 45 33 42 43 40L47 43L46 54Z"
_RIGHT_BODY = "M76 54C74 45 63 42 53 40L49 43L50 54Z"


def _head(fill: str) -> str:
    return ellipse(X, Y, RX, RY, fill)


def _bust(fill: str, cloth: str) -> str:
    return path(_BODY, cloth) + rect(43.5, 32, 9, 9, fill) + _head(fill)


def _lit(side: int, bulge: float, fill: str) -> str:
    """The head lit from the left (-1) or right (1); the edge of the light bows by `bulge`, beyond the middle if positive."""
    outer, inner = (0, 0 if bulge > 0 else 1) if side < 0 else (1, 1 if bulge > 0 else 0)
    top, bottom, bow = Y - RY, Y + RY, abs(bulge)
    return path(
        f"M{X:g} {top:g}A{RX:g} {RY:g} 0 0 {outer} {X:g} {bottom:g}A{bow:g} {RY:g} 0 0 {inner} {X:g} {top:g}Z", fill
    )


def _crown(bulge: float, fill: str, *, from_below: bool = False) -> str:
    """The upper part of the head lit, or the lower one."""
    outer, inner = (0, 0 if bulge > 0 else 1) if from_below else (1, 1 if bulge > 0 else 0)
    left, right = X - RX, X + RX
    return path(
        f"M{left:g} {Y:g}A{RX:g} {RY:g} 0 0 {outer} {right:g} {Y:g}A{RX:g} {abs(bulge):g} 0 0 {inner} {left:g} {Y:g}Z",
        fill,
    )


def _features(fill: str, *, left: bool = True, right: bool = True) -> str:
    parts = [line((X, 22), (X + 1.6, 26), (X - 0.6, 26.4), stroke=fill, width=0.9)]
    for side, shown in ((-1, left), (1, right)):
        if shown:
            parts.append(ellipse(X + side * 4.2, 20.5, 1.7, 0.9, fill))
            parts.append(line((X + side * 6, 17.6), (X + side * 2.4, 17.8), stroke=fill, width=0.9))
    return "".join(parts) + line((X - 2.8, 30), (X + 2.8, 30), stroke=fill, width=1)


def _edge(colour: str, width: float = 1.6, sides: tuple[int, ...] = (-1, 1)) -> str:
    """A bright outline of hair, cheek and shoulder."""
    parts = []
    for side in sides:
        sweep = 0 if side < 0 else 1
        parts.append(
            path(
                f"M{X:g} {Y - RY:g}A{RX:g} {RY:g} 0 0 {sweep} {X + side * 6:g} {Y + 11:g}",
                "none",
                stroke=colour,
                stroke_width=width,
            )
        )
        x = X + side * 5
        parts.append(
            path(
                f"M{x:g} 40C{X + side * 15:g} 42 {X + side * 26:g} 45 {X + side * 28:g} 54",
                "none",
                stroke=colour,
                stroke_width=width,
            )
        )
    return "".join(parts)


def _lamp(x: float, y: float, colour: str, *, aim: Point = (X, Y), size: float = 3.2) -> str:
    """A source, and three rays of it towards `aim`."""
    dx, dy = aim[0] - x, aim[1] - y
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = dx / length, dy / length
    rays = []
    for spread in (-0.35, 0, 0.35):
        vx, vy = ux - uy * spread, uy + ux * spread
        rays.append(
            line(
                (x + vx * size * 1.7, y + vy * size * 1.7),
                (x + vx * size * 3.4, y + vy * size * 3.4),
                stroke=colour,
                width=1.1,
            )
        )
    return circle(x, y, size, colour) + "".join(rays)


_DARK, _DEEP, _GREY, _SKIN, _BRIGHT = "#14171c", "#2a2724", "#77706a", "#c9ab8d", "#f3dcc0"
_CLOTH, _CLOTH_LIT = "#343b47", "#5d6878"


def _natural() -> str:
    room = fill_all("#b9bdb8") + rect(6, 6, 22, 26, "#e9f0ee") + line((17, 6), (17, 32), stroke="#9aa09c", width=1.4)
    return room + _bust("#b8997c", _CLOTH_LIT) + _lit(-1, 4, _SKIN) + _features("#6d5644")


def _three_point() -> str:
    person = (
        _bust("#a98c72", _CLOTH) + path(_LEFT_BODY, _CLOTH_LIT) + _lit(-1, 5, _BRIGHT) + _edge("#ffffff", 1.4, (1,))
    )
    lamps = _lamp(12, 12, "#ffe9b0", size=4) + _lamp(86, 30, "#c8ad7a", size=2.6) + _lamp(80, 6, "#ffffff", size=2.8)
    return fill_all("#3a3f49") + person + _features("#6d5644") + lamps


def _rembrandt() -> str:
    triangle = polygon((50.6, 22.2), (55.4, 22.6), (52.2, 28), fill=_SKIN)
    person = _bust(_DEEP, "#1d2026") + path(_LEFT_BODY, "#454b56") + _lit(-1, 1.2, _BRIGHT) + triangle
    return fill_all("#211d1a") + person + _features("#3a2d24", right=False) + _lamp(13, 8, "#ffdf9e")


def _butterfly() -> str:
    wings = polygon((48, 27.2), (44.6, 29.2), (48, 28.8), (51.4, 29.2), fill="#8a6f59")
    cheeks = "".join(
        path(f"M{X + s * 10.4:g} 24Q{X + s * 6:g} 28 {X + s * 6.4:g} 33", "none", stroke="#a98c72", stroke_width=2)
        for s in (-1, 1)
    )
    return (
        fill_all("#565c68")
        + _bust(_BRIGHT, _CLOTH_LIT)
        + cheeks
        + _features("#6d5644")
        + wings
        + _lamp(48, 3, "#fff2c8", size=2.6)
    )


def _window() -> str:
    panes = rect(4, 4, 24, 40, "#f4f7f5") + line(
        (16, 4), (16, 44), (16, 24), (4, 24), (28, 24), stroke="#9ba7ad", width=1.6
    )
    person = _bust("#7d6a5b", _CLOTH) + path(_LEFT_BODY, _CLOTH_LIT) + _lit(-1, 6, "#b49679") + _lit(-1, -2.5, _BRIGHT)
    return fill_all("#6f7680") + panes + person + _features("#57463a")


def _hard_sun() -> str:
    shadow = path("M58 54C59 46 66 43 74 41L78 31A9 11 0 1 1 90 34L88 42L96 46V54Z", "#8a7f66")
    person = _bust("#241c16", "#20242b") + path(_LEFT_BODY, "#8794a8") + _lit(-1, 2, "#ffe4c2")
    return fill_all("#d9c9a4") + shadow + person + _features("#4a382b", right=False) + _lamp(11, 9, "#fffbe8", size=5)


def _shafts() -> str:
    beams = "".join(
        polygon((x, -2), (x + 9, -2), (x - 19, 56), (x - 36, 56), fill="#f4e6b8", fill_opacity=0.3)
        for x in (34, 58, 84)
    )
    dust = "".join(circle(12 + index * 29 % 76, 8 + index * 17 % 40, 0.7, "#fff6d8") for index in range(12))
    return fill_all("#2b2f36") + _bust("#1b1d21", "#15171b") + _lit(1, -4, "#d8bd8c") + beams + dust


def _practicals() -> str:
    glow = "".join(circle(80, 24, radius, "#ffb85a", fill_opacity=0.16) for radius in (12, 19, 27))
    lamp = (
        polygon((74, 26), (86, 26), (83, 15), (77, 15), fill="#ffe0a3")
        + rect(79.2, 26, 1.6, 20, "#8d6b3c")
        + rect(74, 46, 12, 2, "#8d6b3c")
    )
    person = _bust("#3b2b20", "#241c18") + path(_RIGHT_BODY, "#6b4c31") + _lit(1, -1, "#f0b878")
    return fill_all("#2a1d16") + glow + person + _features("#1f150e", left=False) + lamp


def _candlelight() -> str:
    glow = "".join(circle(48, 46, radius, "#ff9a3c", fill_opacity=0.14) for radius in (12, 20, 29))
    candle = rect(45.6, 46, 4.8, 8, "#f1e2c4") + path("M48 37C51 41 51 44 48 45C45 44 45 41 48 37Z", "#ffe08a")
    person = _bust("#2c1a10", "#1d120c") + _crown(-2, "#e79a52", from_below=True)
    return fill_all("#120b08") + glow + person + _features("#3b2011") + candle


def _screen_glow() -> str:
    screen = polygon((4, 54), (10, 37), (34, 42), (30, 54), fill="#c8ecff") + line(
        (10, 37), (4, 54), stroke="#59707c", width=1.6
    )
    glow = "".join(circle(22, 46, radius, "#6fc6f2", fill_opacity=0.13) for radius in (14, 24, 34))
    return (
        fill_all("#0c1218")
        + glow
        + _bust("#1b2733", "#121a22")
        + path(_LEFT_BODY, "#27465a")
        + _lit(-1, 1, "#8ed3f4")
        + _features("#16303f")
        + screen
    )


def _neon() -> str:
    tubes = line((8, 8), (8, 46), stroke="#ff3ea5", width=3) + line((8, 8), (8, 46), stroke="#ffd3ec", width=1)
    tubes += line((88, 6), (78, 24), (90, 26), (82, 46), stroke="#27d8ff", width=3)
    tubes += line((88, 6), (78, 24), (90, 26), (82, 46), stroke="#d9f9ff", width=1)
    halves = (
        path(_LEFT_BODY, "#7a1f5c") + path(_RIGHT_BODY, "#12607a") + _lit(-1, -2, "#ff6ab9") + _lit(1, -2, "#4ddcff")
    )
    return fill_all("#150f24") + _bust("#2b1d3d", "#1b1530") + halves + tubes


def _moonlight() -> str:
    moon = circle(80, 11, 6, "#eef3ff") + circle(83, 9.5, 5, "#141d30")
    stars = "".join(circle(8 + index * 23 % 60, 5 + index * 13 % 18, 0.7, "#c9d6f5") for index in range(7))
    person = (
        _bust("#1d2840", "#141c2f")
        + path(_RIGHT_BODY, "#38496d")
        + _lit(1, -2.5, "#b7c8ee")
        + _edge("#dce6ff", 1, (1,))
    )
    return fill_all("#141d30") + moon + stars + person


def _golden_rim() -> str:
    sun = circle(72, 26, 7, "#fff3c9") + "".join(
        circle(72, 26, radius, "#ffcf7a", fill_opacity=0.22) for radius in (13, 21)
    )
    return (
        fill_all("#d98a3d")
        + rect(0, 38, WIDTH, 16, "#9c5a2b")
        + sun
        + _bust("#5b3520", "#4a2d1f")
        + _edge("#ffe9a8", 2.2)
        + _features("#3b2114")
    )


def _rim() -> str:
    lamp = circle(48, 22, 22, "#3f4a5b") + circle(48, 22, 17, "#5b6a80")
    return fill_all(_DARK) + lamp + _bust("#0c0e12", "#0c0e12") + _edge("#f4f8ff", 2)


LIGHTS: dict[str, str] = {
    "natural": _natural(),
    "three-point": _three_point(),
    "high-key": fill_all("#f7f6f2") + _bust("#f1dcc4", "#dfe4ea") + _features("#a58970"),
    "low-key": fill_all("#0d0e11")
    + _bust("#1c1815", "#131519")
    + path(_LEFT_BODY, "#22262d")
    + _lit(-1, -5, "#8d745d"),
    "chiaroscuro": fill_all("#17100b")
    + polygon((-2, -2), (30, -2), (60, 56), (20, 56), fill="#5c4022", fill_opacity=0.5)
    + _bust("#1f140d", "#1a110b")
    + path(_LEFT_BODY, "#6d2f1d")
    + _lit(-1, -1.5, "#e8b878")
    + _features("#3a2413", right=False),
    "rembrandt": _rembrandt(),
    "butterfly": _butterfly(),
    "split": fill_all("#23262c")
    + _bust("#101216", "#101216")
    + path(_LEFT_BODY, _CLOTH_LIT)
    + _lit(-1, 0.01, _BRIGHT)
    + _features("#4a3a2e", right=False)
    + _lamp(9, 22, "#ffe9b0"),
    "rim": _rim(),
    "silhouette": fill_all("#f2b45c") + circle(48, 22, 19, "#ffe3a6") + _bust("#0b0b0d", "#0b0b0d"),
    "top": fill_all("#1b1e24")
    + polygon((41, -2), (55, -2), (74, 56), (22, 56), fill="#c9d3e0", fill_opacity=0.16)
    + _bust("#332a23", "#20242b")
    + _crown(-4, _BRIGHT)
    + polygon((20, 54), (26, 46), (43, 40.5), (53, 40.5), (70, 46), (76, 54), (48, 47), fill=_CLOTH_LIT)
    + ellipse(43.8, 20.5, 2.6, 1.8, "#16110d")
    + ellipse(52.2, 20.5, 2.6, 1.8, "#16110d")
    + _lamp(48, 2, "#fff2c8", size=2.4),
    "underlight": fill_all("#10141a")
    + polygon((40, 56), (56, 56), (78, -2), (18, -2), fill="#9fd0a8", fill_opacity=0.14)
    + _bust("#1b211f", "#161b1c")
    + _crown(3, "#bfe0b4", from_below=True)
    + _features("#16211a")
    + rect(45, 50, 6, 4, "#eaffe0"),
    "window": _window(),
    "overcast-soft": fill_all("#c3c9cf")
    + "".join(ellipse(x, 3, 20, 6, "#dfe3e7") for x in (10, 44, 82))
    + _bust("#cdb49d", "#7d8794")
    + _crown(-6, "#dcc6b0")
    + _features("#83695a"),
    "hard-sun": _hard_sun(),
    "golden-rim": _golden_rim(),
    "shafts": _shafts(),
    "practicals": _practicals(),
    "candlelight": _candlelight(),
    "screen-glow": _screen_glow(),
    "neon": _neon(),
    "moonlight": _moonlight(),
}
