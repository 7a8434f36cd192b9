"""Shot types: one figure, cut off where each of them cuts it."""

from projects.drawings.pen import (
    HEIGHT,
    INK,
    MARK,
    PAPER,
    WIDTH,
    circle,
    ellipse,
    face,
    figure,
    frame,
    hills,
    line,
    polygon,
    rect,
)

_AIR = 5


def _place(*, base: float = 40, strength: float = 0.28) -> str:
    ground = rect(-30, base, 160, 30, fill_opacity=strength * 0.5)
    return hills(base=base, fill_opacity=strength) + ground


def _cut_at(part: float, *, air: float = _AIR) -> str:
    """The figure with its lower edge at that part of its height, seen from the crown."""
    height = (HEIGHT - air) / part
    return _place(strength=0.16) + figure(48, air, height) + face(48, air, height)


def _town() -> str:
    blocks = [(6, 22, 10), (17, 28, 8), (26, 17, 9), (58, 25, 9), (68, 14, 8), (77, 21, 12)]
    return "".join(rect(x, top, width, 40 - top, fill_opacity=0.45) for x, top, width in blocks)


def _eyes() -> str:
    parts = [rect(0, 0, WIDTH, HEIGHT, fill_opacity=0.85)]
    for x in (24, 72):
        parts += [
            line((x - 15, 15), (x - 2, 11), (x + 14, 14), stroke=PAPER, width=3),
            polygon((x - 14, 29), (x - 6, 23), (x + 5, 22.5), (x + 14, 29), (x + 5, 34), (x - 6, 34), fill=PAPER),
            circle(x, 28.3, 5.4, INK),
            circle(x, 28.3, 2.2, MARK),
        ]
    return "".join(parts) + line((48, 30), (45, 47), (51, 49), stroke=PAPER, width=1.6, stroke_opacity=0.6)


def _over_the_shoulder() -> str:
    near = ellipse(14, 24, 15, 19) + polygon((-8, 54), (-8, 44), (6, 39), (24, 40), (42, 47), (46, 54))
    return _place(strength=0.16) + figure(66, 9, 72, opacity=0.75) + face(66, 9, 72) + near


def _hands() -> str:
    parts = [_place(base=30), figure(48, 15, 25, opacity=0.6)]
    for side in (-1, 1):
        x = 48 + side * 25
        parts.append(polygon((x + side * 20, 56), (x + side * 5, 40), (x, 41), (x + side * 2, 56)))
        for finger in range(4):
            base = x + side * (5 - finger * 2.9)
            parts.append(line((base, 42 + finger * 0.8), (base - side * 4, 33 + finger * 1.6), width=2.6))
    return "".join(parts)


def _key() -> str:
    teeth = polygon((40, 25), (72, 25), (72, 34), (67, 34), (67, 30), (63, 30), (63, 33), (58, 33), (58, 29), (40, 29))
    bow = circle(31, 27, 9, "none", stroke=INK, stroke_width=5)
    return rect(0, 40, WIDTH, 14, fill_opacity=0.14) + ellipse(48, 42, 30, 2.5, fill_opacity=0.25) + bow + teeth


def _from_the_air() -> str:
    river = [(-2, 10), (20, 14), (38, 30), (62, 33), (98, 50)]
    fields = [(4, 26, 18, 11), (4, 39, 18, 11), (26, 40, 17, 11), (47, 42, 16, 10), (52, 4, 18, 10), (52, 16, 18, 9)]
    roofs = [(76, 8, 7), (85, 12, 6), (78, 19, 6), (87, 22, 5)]
    return (
        rect(0, 0, WIDTH, HEIGHT, fill_opacity=0.08)
        + "".join(rect(*field, fill_opacity=0.14 + index % 3 * 0.09) for index, field in enumerate(fields))
        + line(*river, width=5, stroke_opacity=0.45)
        + line((46, -2), (49, 56), stroke=PAPER, width=2.4)
        + line((46, -2), (49, 56), width=1.2, stroke_opacity=0.7)
        + "".join(rect(x, y, size, size) for x, y, size in roofs)
        + line((33, 8), (40, 8), width=2)
        + line((36.5, 4), (36.5, 12), width=2)
        + ellipse(36.5, 8, 1.5, 4.5)
    )


SHOTS: dict[str, str] = {
    "establishing": _place(base=40) + _town() + circle(48, 12, 5, MARK) + figure(48, 35, 7),
    "extreme-wide": _place(base=41) + figure(56, 38.2, 4.6),
    "wide": _place(base=41) + figure(48, 20, 25),
    "full": _place() + figure(48, 3, 48),
    "medium-wide": _cut_at(0.74),
    "medium-full": _cut_at(0.63),
    "medium": _cut_at(0.42),
    "medium-close-up": _cut_at(0.28),
    "close-up": _cut_at(0.175, air=4),
    "extreme-close-up": _eyes(),
    "two-shot": _place(strength=0.16) + "".join(figure(x, 8, 88) + face(x, 8, 88) for x in (32, 64)),
    "over-the-shoulder": _over_the_shoulder(),
    "point-of-view": _hands(),
    "insert": _key() + frame(14, 8, 68, 38, MARK, stroke_dasharray="4 3"),
    "aerial": _from_the_air(),
}
