"""Visual styles: a small scene each, in the manner the style is known for."""

from __future__ import annotations

from projects.drawings.pen import (
    WIDTH,
    Point,
    arc,
    circle,
    ellipse,
    figure,
    fill_all,
    group,
    line,
    path,
    polygon,
    rect,
)


def _wide_bars() -> str:
    return rect(0, 0, WIDTH, 6.5, "#000000") + rect(0, 47.5, WIDTH, 6.5, "#000000")


def _blinds() -> str:
    slats = "".join(polygon((4, y), (66, y + 8), (66, y + 11), (4, y + 3), fill="#d9d9d9") for y in range(-4, 48, 7))
    hat = ellipse(70, 18, 11, 2.6, "#050505") + path("M63 18C63 9 77 9 77 18Z", "#050505")
    return fill_all("#1c1c1c") + slats + figure(70, 14, 64, "#050505") + hat


def _wet_street() -> str:
    signs = rect(8, 6, 8, 22, "#ff2f92") + rect(80, 4, 9, 17, "#20c9ff") + rect(66, 10, 8, 6, "#b14cff")
    wet = rect(8, 40, 8, 14, "#ff2f92", fill_opacity=0.5) + rect(80, 40, 9, 14, "#20c9ff", fill_opacity=0.5)
    return (
        fill_all("#161029")
        + rect(0, 40, WIDTH, 14, "#0d0a1c")
        + signs
        + wet
        + figure(46, 14, 30, "#05030c")
        + rect(45, 44, 2.5, 10, "#05030c", fill_opacity=0.6)
    )


def _mesa() -> str:
    rocks = polygon((8, 40), (11, 20), (24, 20), (28, 40), fill="#9b4a27") + polygon(
        (66, 40), (70, 14), (80, 14), (85, 40), fill="#8a3f22"
    )
    hat = ellipse(47, 24.6, 5, 1.3, "#33190c") + path("M44.4 24.6C44.4 20.6 49.6 20.6 49.6 24.6Z", "#33190c")
    return (
        fill_all("#f3c46b")
        + circle(52, 15, 8, "#fff1c0")
        + rocks
        + rect(0, 40, WIDTH, 14, "#c8793a")
        + figure(47, 23.5, 22, "#33190c")
        + hat
    )


def _corridor() -> str:
    walls = polygon((0, 0), (34, 14), (34, 40), (0, 54), fill="#141a18") + polygon(
        (96, 0), (62, 14), (62, 40), (96, 54), fill="#141a18"
    )
    end = rect(34, 14, 28, 26, "#2c3a33") + rect(40, 17, 16, 23, "#7fa08a")
    eyes = circle(16, 22, 1.3, "#e8402f") + circle(21, 22, 1.3, "#e8402f")
    return fill_all("#0a0d0c") + walls + end + figure(48, 22, 19, "#050706") + eyes


def _station() -> str:
    planet = circle(70, 20, 15, "#3c6f9f") + path("M57 27A15 15 0 0 0 84 25A19 19 0 0 1 57 27Z", "#254a70")
    ring = ellipse(70, 20, 24, 4.4, "none", stroke="#a9e5ff", stroke_width=1.3, transform="rotate(-14 70 20)")
    ship = polygon((8, 34), (30, 30), (40, 33), (30, 37), (12, 38), fill="#cfd9e2") + rect(6, 33.5, 4, 3, "#57e0ff")
    stars = "".join(circle(4 + index * 27 % 90, 3 + index * 19 % 48, 0.7, "#cfe6ff") for index in range(12))
    return fill_all("#0b1524") + stars + planet + ring + ship


def _castle() -> str:
    towers = rect(38, 16, 5, 18, "#6a5aa0") + rect(46, 10, 6, 24, "#5d4d94") + rect(55, 18, 5, 16, "#6a5aa0")
    roofs = "".join(
        polygon((x - 4.4, y), (x, y - 7), (x + 4.4, y), fill="#c46fa8") for x, y in ((40.5, 16), (49, 10), (57.5, 18))
    )
    island = polygon((30, 34), (68, 34), (58, 44), (48, 50), (40, 43), fill="#4b6b58")
    glow = circle(49, 24, 22, "#ffe9c0", fill_opacity=0.35)
    motes = "".join(circle(8 + index * 23 % 82, 6 + index * 31 % 44, 0.9, "#fff6cf") for index in range(12))
    mist = ellipse(20, 50, 26, 5, "#e8dcf2", fill_opacity=0.8) + ellipse(80, 49, 26, 6, "#e8dcf2", fill_opacity=0.8)
    return fill_all("#9aa6dd") + glow + towers + roofs + island + mist + motes


def _dream() -> str:
    door = rect(62, 12, 13, 28, "#7a3b2a") + rect(64, 14, 9, 26, "#9fd4f5") + circle(68, 21, 2.6, "#ffffff")
    clock = path(
        "M14 20C22 14 34 15 35 22C36 29 32 40 29 39C26 38 28 31 24 30C18 30 10 27 14 20Z",
        "#f4e6b8",
        stroke="#5d4722",
        stroke_width=1,
    )
    hands = line((24, 23), (24, 18.5), stroke="#5d4722", width=1.1) + line(
        (24, 23), (29, 25), stroke="#5d4722", width=1.1
    )
    return (
        fill_all("#e9b98a")
        + rect(0, 40, WIDTH, 14, "#b8794b")
        + polygon((62, 40), (75, 40), (92, 50), (76, 50), fill="#7d4a2c")
        + door
        + clock
        + hands
    )


def _scenery(
    sky: str, sun: str, hill: str, ground: str, roof: str, wall: str, tree: str, **outline: float | str
) -> str:
    """Hill, house, tree and sun: what several techniques draw, each in its way."""
    return (
        fill_all(sky)
        + circle(74, 13, 7, sun, **outline)
        + polygon((-6, 38), (22, 19), (50, 38), fill=hill, **outline)
        + rect(-4, 37, 104, 20, ground, **outline)
        + rect(50, 30, 18, 14, wall, **outline)
        + polygon((47, 31), (59, 20), (71, 31), fill=roof, **outline)
        + rect(24.4, 34, 3, 11, wall, **outline)
        + circle(26, 28, 8, tree, **outline)
    )


_COLOURS = ("#8ecbf0", "#ffd447", "#6fb072", "#93c85a", "#d9483b", "#f5e3c3", "#3f8f4d")


def _grain(count: int, fill: str, size: float = 0.9) -> str:
    return "".join(rect(index * 53 % 96, index * 31 % 54, size, size, fill, fill_opacity=0.4) for index in range(count))


def _super_8() -> str:
    view = _scenery("#e8c79a", "#fff0c0", "#b58e58", "#c29a4f", "#b0583a", "#efd9ae", "#7d7a3c")
    scratches = line((30, 0), (31, 54), stroke="#fff6e0", width=0.7) + line(
        (66, 0), (65, 54), stroke="#fff6e0", width=0.5
    )
    gate = (
        rect(0, 0, 13, 54, "#15100b")
        + rect(83, 0, 13, 54, "#15100b")
        + rect(0, 0, 96, 3, "#15100b")
        + rect(0, 51, 96, 3, "#15100b")
    )
    return view + scratches + _grain(24, "#fff6e0") + gate + rect(4, 22, 5, 9, "#f7efe0", rx=1.5)


def _vhs() -> str:
    ghosts = group(figure(44, 8, 62, "#ff4d6d"), opacity=0.55) + group(figure(51, 8, 62, "#3fd0ff"), opacity=0.55)
    lines = "".join(rect(0, y, WIDTH, 1, "#000000", fill_opacity=0.25) for y in range(0, 54, 3))
    noise = "".join(
        rect(index * 17 % 96, 43 + index % 3 * 2, 6 + index % 4 * 3, 1.2, "#ffffff", fill_opacity=0.8)
        for index in range(14)
    )
    return (
        fill_all("#3a4a6b")
        + ghosts
        + figure(47.5, 8, 62, "#c9c3d8")
        + lines
        + noise
        + polygon((7, 6), (7, 13), (13, 9.5), fill="#ffffff")
    )


def _silent() -> str:
    actor = (
        figure(48, 12, 38, "#1a1a1a")
        + path("M43.5 12.6C43.5 7 52.5 7 52.5 12.6Z", "#1a1a1a")
        + ellipse(48, 13, 6.4, 1.3, "#1a1a1a")
    )
    cane = line((55, 31), (58, 50), stroke="#1a1a1a", width=1.2)
    iris = path("M0 0H96V54H0ZM48 1A36 26 0 1 0 48 53A36 26 0 1 0 48 1Z", "#000000", fill_rule="evenodd")
    scratches = line((34, 0), (33, 54), stroke="#ffffff", width=0.6) + _grain(18, "#ffffff")
    return fill_all("#cfcabf") + rect(0, 46, WIDTH, 8, "#8d887e") + actor + cane + scratches + iris


def _found() -> str:
    beam = circle(48, 28, 19, "#c7d8c0") + circle(48, 28, 25, "#8fa389", fill_opacity=0.35)
    trees = "".join(rect(x, -2, 4, 58, "#0c120d") for x in (26, 38, 60, 70))
    marks = (
        circle(9, 8, 2.4, "#ff3b30")
        + rect(80, 5, 10, 5, "none", stroke="#ffffff", stroke_width=1)
        + rect(81.2, 6.2, 5, 2.6, "#ffffff")
    )
    corners = "".join(
        line((x + dx * 7, y), (x, y), (x, y + dy * 5), stroke="#ffffff", width=1)
        for x, y, dx, dy in ((16, 13, 1, 1), (80, 13, -1, 1), (80, 47, -1, -1), (16, 47, 1, -1))
    )
    return (
        fill_all("#131a14")
        + group(beam, trees, figure(50, 20, 25, "#0a0f0b"), transform="rotate(-6 48 27)")
        + marks
        + corners
    )


def _bottle() -> str:
    bottle = (
        rect(42, 18, 12, 28, "#e8536b", rx=3)
        + rect(45, 8, 6, 11, "#f7f7f7")
        + rect(44.4, 27, 7.2, 9, "#ffffff")
        + rect(43.4, 20, 1.8, 23, "#ff9fb0", rx=0.9)
    )
    return (
        fill_all("#f4f8fb")
        + circle(48, 27, 22, "#dcecf7")
        + ellipse(48, 47, 22, 3.2, "#cddbe6")
        + bottle
        + line((24, 12), (24, 18), stroke="#ffffff", width=2)
    )


def _stage() -> str:
    beams = polygon((14, -2), (20, -2), (52, 56), (26, 56), fill="#ff3d81", fill_opacity=0.6)
    beams += polygon((78, -2), (84, -2), (70, 56), (44, 56), fill="#33d6ff", fill_opacity=0.6)
    beams += polygon((46, -2), (52, -2), (62, 56), (36, 56), fill="#ffe14d", fill_opacity=0.5)
    crowd = "".join(circle(x, 54 - x % 3, 4.4, "#0b0615") for x in range(2, 98, 8))
    return (
        fill_all("#2b0f4a")
        + beams
        + figure(49, 13, 34, "#0b0615")
        + line((53, 25), (60, 12), stroke="#0b0615", width=2.6)
        + crowd
    )


def _anime() -> str:
    cloud = "".join(circle(x, y, r, "#ffffff") for x, y, r in ((66, 16, 9), (78, 20, 10), (56, 22, 7), (88, 26, 8)))
    hair = path(
        "M12 30C10 12 20 4 33 5C46 6 51 16 48 31L44 24L40 31L36 20L28 27L20 20L16 30Z",
        "#2b3a8f",
        stroke="#161d4a",
        stroke_width=1,
    )
    skin = path(
        "M15 25C15 40 24 46 31 46C38 46 46 39 46 25C40 16 20 16 15 25Z", "#ffe3cf", stroke="#7a4a3a", stroke_width=0.8
    )
    eyes = "".join(ellipse(x, 31, 2.7, 4, "#233a9c") + circle(x + 0.9, 29.4, 1.1, "#ffffff") for x in (24, 38))
    return fill_all("#57b6f2") + cloud + skin + eyes + line((29, 41), (33, 41), stroke="#b5564a", width=1) + hair


def _modelled() -> str:
    ball = (
        circle(30, 30, 13, "#e0664a")
        + path("M19 37A13 13 0 0 0 43 29A16 16 0 0 1 19 37Z", "#a53f2b")
        + ellipse(25, 24, 4, 2.8, "#ffc0ab", transform="rotate(-35 25 24)")
    )
    cube = (
        polygon((54, 22), (70, 17), (84, 23), (68, 29), fill="#9fd0ff")
        + polygon((54, 22), (68, 29), (68, 46), (54, 38), fill="#3d7fc4")
        + polygon((84, 23), (68, 29), (68, 46), (84, 38), fill="#28598f")
    )
    return (
        fill_all("#c8d4df")
        + rect(0, 36, WIDTH, 18, "#aebccb")
        + ellipse(36, 43, 16, 2.6, "#8496a8")
        + ellipse(76, 46, 15, 2.4, "#8496a8")
        + ball
        + cube
    )


def _puppet() -> str:
    body = (
        ellipse(48, 38, 9, 10, "#c9772f")
        + circle(48, 21, 10, "#dd8c40")
        + ellipse(40, 38, 3, 7, "#b5662a", transform="rotate(20 40 38)")
        + ellipse(56, 38, 3, 7, "#b5662a", transform="rotate(-20 56 38)")
    )
    face = (
        circle(44, 20, 2.5, "#ffffff")
        + circle(52, 20, 2.5, "#ffffff")
        + circle(44.6, 20.4, 1.1, "#222222")
        + circle(51.6, 20.4, 1.1, "#222222")
        + path("M44 26Q48 28.5 52 26", "none", stroke="#6d3a12", stroke_width=1.2)
    )
    ghosts = group(circle(26, 21, 10, "#dd8c40"), ellipse(26, 38, 9, 10, "#c9772f"), opacity=0.25) + group(
        circle(70, 21, 10, "#dd8c40"), ellipse(70, 38, 9, 10, "#c9772f"), opacity=0.25
    )
    thumbprints = "".join(line(*arc(50, 15, r, r * 0.7, 200, 300), stroke="#b5662a", width=0.6) for r in (3, 4.4, 5.8))
    return fill_all("#8fb8a0") + rect(0, 46, WIDTH, 8, "#6d5a44") + ghosts + body + thumbprints + face


def _comic() -> str:
    dots = "".join(circle(x, y, 1.1, "#e8483c") for y in range(2, 54, 5) for x in range((y // 5 % 2) * 2 + 2, 98, 5))
    burst: list[Point] = []
    for index in range(20):
        rx, ry = (26, 19) if index % 2 == 0 else (17, 12)
        burst.append(arc(60, 25, rx, ry, index * 18, index * 18, 1)[0])
    bang = polygon(*burst, fill="#ffe23d", stroke="#111111", stroke_width=1.8, stroke_linejoin="round")
    mark = polygon((57.4, 13), (63.4, 13), (62, 28), (58.8, 28), fill="#111111") + circle(60.4, 33, 2.3, "#111111")
    return fill_all("#fff4d6") + dots + bang + mark + figure(20, 12, 60, "#111111")


def _layers() -> str:
    parts = [fill_all("#f6d9a8")]
    sheets: tuple[tuple[str, tuple[Point, ...]], ...] = (
        ("#e79a6b", ((-2, 26), (16, 16), (36, 24), (60, 12), (98, 24))),
        ("#c75f56", ((-2, 36), (24, 26), (48, 34), (76, 24), (98, 32))),
        ("#7e3f57", ((-2, 44), (30, 38), (62, 45), (98, 38))),
    )
    for fill, ridge in sheets:
        parts.append(polygon(*[(x, y - 1.8) for x, y in ridge], (98, 56), (-2, 56), fill="#000000", fill_opacity=0.16))
        parts.append(polygon(*ridge, (98, 56), (-2, 56), fill=fill))
    deer = (
        path("M64 45V34L60 31L62 28L66 30H76L78 45H75L74 38H68L67 45Z", "#3d2238")
        + line((61, 29), (57, 23), stroke="#3d2238", width=1.2)
        + line((61, 29), (63, 22), stroke="#3d2238", width=1.2)
    )
    return "".join(parts) + circle(24, 11, 6, "#fff3d6") + deer


def _washes() -> str:
    blots = [
        (20, 18, 22, 12, "#7fb6d9"),
        (66, 12, 26, 10, "#a9cfe3"),
        (76, 16, 9, 8, "#f2b56b"),
        (26, 36, 24, 10, "#8db88b"),
        (68, 40, 28, 10, "#a9bf7a"),
        (40, 30, 13, 9, "#6f9a86"),
    ]
    washes = "".join(
        ellipse(x, y, rx, ry, fill, fill_opacity=0.5)
        + ellipse(x + 2, y + 1, rx * 0.72, ry * 0.7, fill, fill_opacity=0.45)
        for x, y, rx, ry, fill in blots
    )
    drips = line((30, 42), (31, 50), stroke="#8db88b", width=2, stroke_opacity=0.6) + line(
        (72, 46), (72, 52), stroke="#a9bf7a", width=2, stroke_opacity=0.6
    )
    return (
        fill_all("#faf6ec")
        + washes
        + drips
        + path("M50 38V30L57 25L64 30V38", "none", stroke="#5b6f8a", stroke_width=1)
    )


def _strokes() -> str:
    parts = [fill_all("#2d4a7c")]
    tones = ("#3e66a8", "#5a86c4", "#f2c24a", "#2c4f8f", "#89a9d6")
    for index in range(26):
        x, y = index * 29 % 92, 3 + index * 13 % 30
        parts.append(line((x, y), (x + 9, y - 2 + index % 5), stroke=tones[index % 5], width=2.8))
    for index in range(18):
        x, y = index * 23 % 92, 37 + index * 7 % 16
        parts.append(line((x, y), (x + 8, y - 2), stroke=("#4f7a3a", "#7c9a3f", "#2f5a35")[index % 3], width=3))
    moon = "".join(
        line(*arc(76, 13, r, r, r * 30, r * 30 + 250, 12), stroke="#ffe28a", width=1.8) for r in (2.5, 5.5, 8.5)
    )
    cypress = path("M16 54C12 38 18 24 21 8C25 24 30 38 27 54Z", "#17352b") + line(
        (20, 48), (22, 20), stroke="#2f5a45", width=1.8
    )
    return "".join(parts) + moon + cypress


def _pencil() -> str:
    box = line((8, 6), (88, 7), (87, 48), (9, 47), (8, 6), stroke="#3b3b3b", width=1.1) + line(
        (9, 5), (89, 8), stroke="#3b3b3b", width=0.6
    )
    ground = line((10, 38), (86, 37), stroke="#3b3b3b", width=0.9)
    person = (
        circle(40, 18, 4.4, "none", stroke="#2b2b2b", stroke_width=1.1)
        + line((40, 22), (40, 33), (36, 43), stroke="#2b2b2b", width=1.2)
        + line((40, 33), (45, 42), stroke="#2b2b2b", width=1.2)
        + line((33, 29), (40, 25), (47, 28), stroke="#2b2b2b", width=1.2)
    )
    shade = "".join(line((x, 46), (x + 9, 38), stroke="#8a8a8a", width=0.7) for x in range(52, 78, 3))
    hill = line((56, 37), (68, 22), (76, 29), (86, 20), stroke="#5a5a5a", width=1)
    return (
        fill_all("#f7f4ec")
        + box
        + ground
        + hill
        + shade
        + person
        + line((52, 25), (62, 17), stroke="#c8442c", width=1.8)
        + polygon((64.5, 15), (58.6, 16.4), (62.4, 21), fill="#c8442c")
    )


_PIXELS = (
    "................",
    "...........yy...",
    "..ww.......yy...",
    ".wwww...........",
    "......h.........",
    ".....hhh....t...",
    "....hhhhh..ttt..",
    "ggggggggggggbggg",
    "gGggggGgggggbgGg",
)
_PALETTE = {
    ".": "#6ec6ff",
    "y": "#ffd93d",
    "w": "#ffffff",
    "h": "#8a6fd1",
    "t": "#2f8f46",
    "b": "#7a4a26",
    "g": "#5bbf4a",
    "G": "#3d9a35",
}


def _pixels() -> str:
    squares = [
        rect(column * 6, row * 6, 6.1, 6.1, _PALETTE[letter])
        for row, letters in enumerate(_PIXELS)
        for column, letter in enumerate(letters)
        if letter != "."
    ]
    return fill_all(_PALETTE["."]) + "".join(squares)


def _documentary() -> str:
    people = figure(34, 14, 46, "#3e4640") + figure(58, 11, 52, "#2f3733") + figure(79, 18, 40, "#566059")
    microphone = line((98, 6), (70, 15), stroke="#1b1f1d", width=1.4) + ellipse(
        68, 15.6, 4.4, 2.2, "#1b1f1d", transform="rotate(-18 68 15.6)"
    )
    return fill_all("#b7bdb4") + rect(0, 42, WIDTH, 12, "#8d948a") + rect(6, 8, 16, 34, "#9aa197") + people + microphone


STYLES: dict[str, str] = {
    "cinematic": fill_all("#1f3f4e")
    + circle(66, 27, 11, "#ffb46a")
    + polygon((-2, 40), (30, 30), (60, 38), (98, 31), (98, 56), (-2, 56), fill="#0f2630")
    + figure(34, 15, 46, "#08151b")
    + line((30, 27), (98, 27), stroke="#ffe3bd", width=0.8, stroke_opacity=0.7)
    + _wide_bars(),
    "documentary": _documentary(),
    "noir": _blinds(),
    "neo-noir": _wet_street(),
    "western": _mesa(),
    "horror": _corridor(),
    "science-fiction": _station(),
    "fantasy": _castle(),
    "surreal": _dream(),
    "vintage-film": _scenery("#d9cfae", "#f6ead0", "#a99a78", "#b3a574", "#a8604c", "#e6d9b8", "#7f8661")
    + _grain(60, "#5b4a34")
    + path(
        "M0 0H96V54H0ZM10 4Q2 27 10 50Q48 56 86 50Q94 27 86 4Q48 -2 10 4Z",
        "#4a3a28",
        fill_rule="evenodd",
        fill_opacity=0.55,
    ),
    "super-8": _super_8(),
    "vhs": _vhs(),
    "silent-film": _silent(),
    "found-footage": _found(),
    "commercial": _bottle(),
    "music-video": _stage(),
    "animation-2d": _scenery(*_COLOURS, stroke="#22303a", stroke_width=1.6, stroke_linejoin="round"),
    "anime": _anime(),
    "animation-3d": _modelled(),
    "stop-motion": _puppet(),
    "comic-book": _comic(),
    "paper-cut-out": _layers(),
    "watercolor": _washes(),
    "oil-painting": _strokes(),
    "storyboard": _pencil(),
    "pixel-art": _pixels(),
}
