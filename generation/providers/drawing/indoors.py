"""Interiors: a room seen down one point of perspective, and what furnishes it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.geometry import Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.stage import Stage

Furniture = Callable[[Stage, "_Room"], None]


class _Room:
    """`point(u, v, depth)` is a place on a cross-section of the room: 0, 0 its upper left, depth 0 the far wall."""

    def __init__(self, stage: Stage, wide: float, high: float) -> None:
        middle = stage.vanishing
        horizon = min(max(stage.horizon, 0.12), 0.86)
        above, below = high * (0.25 + 0.5 * horizon), high * (0.75 - 0.5 * horizon)
        self.left, self.right = middle - wide * stage.aspect / 2, middle + wide * stage.aspect / 2
        self.top, self.bottom = horizon - above, horizon + below
        self.focus = np.array([middle, horizon])

    def point(self, u: float, v: float, depth: float = 0.0) -> Points:
        flat = np.array([self.left + u * (self.right - self.left), self.top + v * (self.bottom - self.top)])
        return np.asarray(self.focus + (flat - self.focus) / max(1 - depth, 0.12), dtype=np.float64)

    def wall(self, side: int, near: float, top: float, far: float, bottom: float) -> Points:
        """A quadrangle on the left (0) or right (1) wall, by depth and height."""
        return array(
            [
                self.point(side, top, far),
                self.point(side, top, near),
                self.point(side, bottom, near),
                self.point(side, bottom, far),
            ]
        )

    def flat(self, left: float, top: float, right: float, bottom: float, depth: float = 0.0) -> Points:
        return array(
            [
                self.point(left, top, depth),
                self.point(right, top, depth),
                self.point(right, bottom, depth),
                self.point(left, bottom, depth),
            ]
        )

    def box(
        self, canvas: Canvas, left: float, top: float, right: float, bottom: float, near: float, far: float, tone: float
    ) -> None:
        """A block of furniture standing in the room: its visible sides and its front."""
        front = self.flat(left, top, right, bottom, near)
        back = self.flat(left, top, right, bottom, far)
        if back[0][1] < front[0][1]:
            canvas.shape([front[0], front[1], back[1], back[0]], min(tone + 22, 250), 0.9)
        if front[1][0] < self.focus[0]:
            canvas.shape([front[1], back[1], back[2], front[2]], tone * 0.8, 0.9)
        if front[0][0] > self.focus[0]:
            canvas.shape([front[0], back[0], back[3], front[3]], tone * 0.8, 0.9)
        canvas.shape(front, tone, 1.0)


def _draw_shell(stage: Stage, room: _Room, *, tiles: bool = False) -> None:
    canvas = stage.canvas
    left, top, right, bottom = canvas.sheet.extent
    shade = 0.88 if stage.light.dark else 1.0
    near = 0.86
    corners = {(u, v): (room.point(u, v), room.point(u, v, near)) for u in (0, 1) for v in (0, 1)}
    canvas.fill(polygon_box(left, top, right, bottom), 232 * shade)
    surfaces = (((0, 0), (1, 0), 246), ((0, 1), (1, 1), 214), ((0, 0), (0, 1), 238), ((1, 0), (1, 1), 216))
    for first, second, tone in surfaces:
        a, b = corners[first], corners[second]
        canvas.fill([a[0], b[0], b[1], a[1]], tone * shade)
    canvas.fill(room.flat(0, 0, 1, 1), 228 * shade)
    canvas.hatch([corners[1, 0][0], corners[1, 0][1], corners[1, 1][1], corners[1, 1][0]], 62, 0.024, pressure=80)
    canvas.outline(room.flat(0, 0, 1, 1), 0.9)
    for back, front in corners.values():
        canvas.stroke([back, front], 1.0)
    boards = np.linspace(-1.2, 2.2, 18)
    canvas.lines([array([room.point(u, 1), room.point(u, 1, near)]) for u in boards], 0.5, pressure=110)
    if tiles:
        rows = [
            array([room.point(-1.5, 1, depth), room.point(2.5, 1, depth)])
            for depth in (0.15, 0.3, 0.45, 0.58, 0.7, 0.8)
        ]
        canvas.lines(rows, 0.5, pressure=110)


def _window(stage: Stage, pane: Points, bars: tuple[int, int] = (2, 2)) -> None:
    canvas, light, rng = stage.canvas, stage.light, stage.rng
    canvas.fill(pane, light.sky_low, shining=True)
    top_left, top_right, bottom_right, bottom_left = pane

    def at(u: float, v: float) -> Points:
        upper = top_left + (top_right - top_left) * u
        lower = bottom_left + (bottom_right - bottom_left) * u
        return np.asarray(upper + (lower - upper) * v, dtype=np.float64)

    roofs = [
        at(0, 0.62),
        at(0.16, 0.52),
        at(0.30, 0.60),
        at(0.32, 0.44),
        at(0.5, 0.44),
        at(0.52, 0.66),
        at(0.7, 0.56),
        at(1, 0.60),
        at(1, 1),
        at(0, 1),
    ]
    canvas.shape(roofs, 195, 0.6, pressure=120)
    if light.moon:
        moon = at(0.74, 0.22)
        canvas.fill(ellipse(moon[0], moon[1], 0.022, 0.022), 255, shining=True)
    size = float(np.ptp(pane[:, 1]))
    for _ in range(min(stage.weather.rain, 34)):
        spot = at(rng.uniform(0.03, 0.97), rng.uniform(0.0, 0.85))
        canvas.chalk([spot, spot + (-0.008, size * 0.13)], 0.8, wobble=0)
    for _ in range(min(stage.weather.snow, 40)):
        spot = at(rng.uniform(0.03, 0.97), rng.uniform(0.03, 0.97))
        canvas.fill(ellipse(spot[0], spot[1], 0.004, 0.004, steps=7), 255, shining=True)
    for column in range(1, bars[0]):
        canvas.chalk([at(column / bars[0], 0), at(column / bars[0], 1)], 3.0, 250)
        canvas.stroke([at(column / bars[0] + 0.02, 0), at(column / bars[0] + 0.02, 1)], 0.7)
    for row in range(1, bars[1]):
        canvas.chalk([at(0, row / bars[1]), at(1, row / bars[1])], 3.0, 250)
        canvas.stroke([at(0, row / bars[1] + 0.015), at(1, row / bars[1] + 0.015)], 0.7)
    canvas.outline(pane, 1.5)
    canvas.outline(pane + (pane - pane.mean(axis=0)) * 0.07, 0.8)


def _light_pool(stage: Stage, room: _Room) -> None:
    if stage.light.dark or stage.light.sun is None:
        return
    pool = [room.point(0.12, 1, 0.12), room.point(0.40, 1, 0.12), room.point(0.52, 1, 0.42), room.point(0.16, 1, 0.42)]
    stage.canvas.fill(pool, 255, shining=True)
    stage.canvas.lines([array([pool[0], pool[3]]), array([pool[1], pool[2]])], 0.5, pressure=90)


def _lamp(stage: Stage, room: _Room, u: float, depth: float) -> None:
    canvas = stage.canvas
    hook, shade = room.point(u, 0, depth), room.point(u, 0.27, depth)
    size = 0.05 / (1 - depth)
    if stage.light.dark:
        for reach, tone in ((3.4, 150), (2.6, 172), (1.8, 200)):
            canvas.fill(ellipse(shade[0], shade[1] + size * 0.9, size * reach, size * reach * 0.9), tone, shining=True)
    canvas.stroke([hook, shade], 0.9, taper=0.1)
    cone = array([(-0.35, 0), (0.35, 0), (1.0, 0.8), (-1.0, 0.8)]) * size + shade
    canvas.shape(cone, 120, 1.0)
    canvas.fill(ellipse(shade[0], shade[1] + size * 0.82, size * 0.9, size * 0.16), 255, shining=True)
    canvas.outline(ellipse(shade[0], shade[1] + size * 0.82, size * 0.9, size * 0.16), 0.6)


def _picture_frames(stage: Stage, room: _Room) -> None:
    for near, far in ((0.30, 0.12), (0.56, 0.40)):
        frame = room.wall(1, near, 0.28, far, 0.52)
        stage.canvas.shape(frame, 240, 1.0)
        stage.canvas.shape(frame.mean(axis=0) + (frame - frame.mean(axis=0)) * 0.68, 175, 0.7)


def _furnish_room(stage: Stage, room: _Room) -> None:
    canvas = stage.canvas
    mirror = stage.rng.random() < 0.5
    _window(stage, room.flat(0.56, 0.2, 0.88, 0.62) if mirror else room.flat(0.12, 0.2, 0.44, 0.62))
    _light_pool(stage, room)
    curtain = 0.90 if mirror else 0.07
    for edge in (curtain, curtain + (-0.38 if mirror else 0.40)):
        drape = room.flat(edge - 0.035, 0.15, edge + 0.035, 0.80)
        canvas.shape(drape, 206, 0.8)
        canvas.lines(
            [array([room.point(edge + dx, 0.16), room.point(edge + dx * 1.4, 0.79)]) for dx in (-0.015, 0.0, 0.016)],
            0.5,
        )
    _picture_frames(stage, room)
    base = 0.50 if not mirror else 0.06
    room.box(canvas, base, 0.66, base + 0.42, 0.98, 0.16, 0.02, 176)
    room.box(canvas, base - 0.015, 0.74, base + 0.06, 1.0, 0.22, 0.04, 160)
    room.box(canvas, base + 0.36, 0.74, base + 0.435, 1.0, 0.22, 0.04, 160)
    room.box(canvas, base + 0.05, 0.83, base + 0.37, 0.97, 0.22, 0.06, 190)
    canvas.stroke([room.point(base + 0.21, 0.83, 0.22), room.point(base + 0.21, 0.96, 0.22)], 0.7)
    rug = [room.point(0.25, 1, 0.3), room.point(0.75, 1, 0.3), room.point(0.82, 1, 0.55), room.point(0.18, 1, 0.55)]
    canvas.shape(rug, 192, 0.8)
    _lamp(stage, room, 0.5, 0.25)


def _furnish_kitchen(stage: Stage, room: _Room) -> None:
    canvas = stage.canvas
    _window(stage, room.flat(0.34, 0.20, 0.66, 0.50), (2, 1))
    room.box(canvas, 0.02, 0.12, 0.28, 0.42, 0.07, 0.0, 205)
    room.box(canvas, 0.72, 0.12, 0.98, 0.42, 0.07, 0.0, 205)
    for u in (0.15, 0.85):
        canvas.stroke([room.point(u, 0.12, 0.07), room.point(u, 0.42, 0.07)], 0.8)
    room.box(canvas, 0.0, 0.66, 1.0, 1.0, 0.14, 0.0, 214)
    for u in (0.2, 0.4, 0.6, 0.8):
        canvas.stroke([room.point(u, 0.69, 0.14), room.point(u, 0.98, 0.14)], 0.8)
        canvas.stroke([room.point(u + 0.03, 0.73, 0.14), room.point(u + 0.08, 0.73, 0.14)], 1.1)
    for u, tone in ((0.18, 90), (0.26, 150), (0.76, 120)):
        foot = room.point(u, 0.655, 0.08)
        jar = spline(
            array([(-0.018, 0), (-0.02, -0.05), (-0.008, -0.065), (0.008, -0.065), (0.02, -0.05), (0.018, 0)]) + foot
        )
        canvas.shape(jar, tone, 0.8)
    for u in (0.3, 0.7):
        _lamp(stage, room, u, 0.32)


def _furnish_office(stage: Stage, room: _Room) -> None:
    canvas = stage.canvas
    pane = room.flat(0.10, 0.16, 0.62, 0.58)
    _window(stage, pane, (3, 1))
    blinds = [array([room.point(0.10, v), room.point(0.62, v)]) for v in np.linspace(0.18, 0.36, 8)]
    canvas.lines(blinds, 0.7, pressure=170)
    for row in range(4):
        shelf = room.wall(1, 0.5, 0.2 + row * 0.17, 0.08, 0.35 + row * 0.17)
        canvas.shape(shelf, 196, 0.8)
        spines = [
            array([room.point(1, 0.22 + row * 0.17, d), room.point(1, 0.34 + row * 0.17, d)])
            for d in np.linspace(0.1, 0.48, 13)
        ]
        canvas.lines(spines, 0.8, pressure=190)
    room.box(canvas, 0.24, 0.72, 0.72, 0.75, 0.30, 0.06, 150)
    for u in (0.27, 0.66):
        room.box(canvas, u, 0.75, u + 0.03, 1.0, 0.30, 0.26, 170)
    screen = room.flat(0.40, 0.50, 0.58, 0.66, 0.14)
    canvas.shape(screen, 70, 1.1)
    canvas.fill(
        screen.mean(axis=0) + (screen - screen.mean(axis=0)) * 0.86, 236 if stage.light.dark else 150, shining=True
    )
    canvas.stroke([room.point(0.49, 0.66, 0.14), room.point(0.49, 0.72, 0.14)], 2.2)
    chair = [
        (0.335, 0.62),
        (0.36, 0.60),
        (0.43, 0.60),
        (0.455, 0.62),
        (0.46, 0.78),
        (0.44, 0.80),
        (0.35, 0.80),
        (0.33, 0.78),
    ]
    canvas.shape([room.point(u, v, 0.34) for u, v in chair], 105, 1.1)
    canvas.stroke([room.point(0.395, 0.80, 0.34), room.point(0.395, 0.95, 0.34)], 2.2)
    canvas.stroke([room.point(0.35, 0.97, 0.34), room.point(0.395, 0.94, 0.34), room.point(0.44, 0.97, 0.34)], 1.6)
    _lamp(stage, room, 0.3, 0.3)


def _furnish_bar(stage: Stage, room: _Room) -> None:
    canvas, rng = stage.canvas, stage.rng
    _window(stage, room.wall(0, 0.55, 0.2, 0.12, 0.66), (2, 2))
    for row in (0.22, 0.36, 0.50):
        canvas.stroke([room.point(0.36, row + 0.1), room.point(0.96, row + 0.1)], 1.2)
        for u in np.linspace(0.38, 0.94, 11):
            foot = room.point(u, row + 0.1)
            high = rng.uniform(0.03, 0.05)
            bottle = (
                array(
                    [
                        (-0.009, 0),
                        (-0.009, -high * 0.6),
                        (-0.003, -high * 0.75),
                        (-0.003, -high),
                        (0.003, -high),
                        (0.003, -high * 0.75),
                        (0.009, -high * 0.6),
                        (0.009, 0),
                    ]
                )
                + foot
            )
            canvas.shape(bottle, rng.choice((90, 140, 200)), 0.55)
    room.box(canvas, 0.32, 0.68, 1.02, 1.0, 0.22, 0.06, 150)
    for u in (0.42, 0.56, 0.70, 0.84):
        seat = room.point(u, 0.80, 0.34)
        for spread in (-0.022, 0.022):
            canvas.stroke([seat, room.point(u, 1.0, 0.34) + (spread, 0)], 1.4)
        canvas.shape(ellipse(seat[0], seat[1], 0.042, 0.013), 90, 1.0)
    for u in (0.4, 0.62, 0.84):
        _lamp(stage, room, u, 0.24)


def _furnish_corridor(stage: Stage, room: _Room) -> None:
    canvas = stage.canvas
    door = room.flat(0.28, 0.22, 0.72, 1.0)
    canvas.shape(door, 170, 0.9)
    canvas.stroke([room.point(0.5, 0.22), room.point(0.5, 1.0)], 0.7)
    for side in (0, 1):
        for near, far in ((0.84, 0.74), (0.62, 0.44), (0.34, 0.10)):
            leaf = room.wall(side, near, 0.28, far, 1.0)
            canvas.shape(leaf, 196 if side == 0 else 172, 1.0)
            inner = leaf.mean(axis=0) + (leaf - leaf.mean(axis=0)) * (0.6, 0.8)
            canvas.outline(inner, 0.6, pressure=150)
    for depth in (0.1, 0.36, 0.58, 0.74):
        tube = [
            room.point(0.40, 0, depth),
            room.point(0.60, 0, depth),
            room.point(0.60, 0, depth + 0.1),
            room.point(0.40, 0, depth + 0.1),
        ]
        canvas.fill(tube, 255, shining=True)
        canvas.outline(tube, 0.8)


def _furnish_train(stage: Stage, room: _Room) -> None:
    canvas = stage.canvas
    canvas.shape(room.flat(0.36, 0.2, 0.64, 1.0), 180, 0.9)
    canvas.shape(room.flat(0.42, 0.28, 0.58, 0.56), stage.light.sky_low, 0.8)
    for side in (0, 1):
        for near, far in ((0.84, 0.70), (0.64, 0.46), (0.38, 0.10)):
            _window(stage, room.wall(side, near, 0.28, far, 0.58), (1, 1))
        canvas.stroke([room.point(side, 0.14, 0.02), room.point(side, 0.14, 0.85)], 1.6)
    for depth in (0.05, 0.3, 0.5):
        for left in (0.0, 0.72):
            room.box(canvas, left, 0.62, left + 0.28, 0.98, depth + 0.1, depth, 160)
            room.box(canvas, left, 0.80, left + 0.28, 1.0, depth + 0.16, depth + 0.1, 190)
    for depth in np.linspace(0.1, 0.78, 7):
        for u in (0.3, 0.7):
            top = room.point(u, 0.02, depth)
            size = 0.02 / (1 - depth)
            canvas.stroke([top, top + (0, size * 1.6)], 0.7)
            canvas.outline(ellipse(top[0], top[1] + size * 2.3, size * 0.7, size * 0.7, steps=14), 0.9)


def _draw_interior(stage: Stage, furnish: Furniture, wide: float, high: float, *, tiles: bool = False) -> None:
    room = _Room(stage, wide, high)
    _draw_shell(stage, room, tiles=tiles)
    furnish(stage, room)


def draw_room(stage: Stage) -> None:
    _draw_interior(stage, _furnish_room, 0.74, 0.66)


def draw_kitchen(stage: Stage) -> None:
    _draw_interior(stage, _furnish_kitchen, 0.76, 0.66, tiles=True)


def draw_office(stage: Stage) -> None:
    _draw_interior(stage, _furnish_office, 0.74, 0.66)


def draw_bar(stage: Stage) -> None:
    _draw_interior(stage, _furnish_bar, 0.78, 0.68)


def draw_corridor(stage: Stage) -> None:
    _draw_interior(stage, _furnish_corridor, 0.24, 0.30, tiles=True)


def draw_train(stage: Stage) -> None:
    _draw_interior(stage, _furnish_train, 0.30, 0.36)
