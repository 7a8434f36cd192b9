"""The open sea, from its surface and from the air."""

from __future__ import annotations

import math

import numpy as np

from generation.providers.drawing.expanses import draw_gull
from generation.providers.drawing.geometry import Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.stage import Stage


def draw_open_sea(stage: Stage) -> None:
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    left, _, right, bottom = canvas.sheet.extent
    depth = max(1 - stage.horizon, 0.2)
    canvas.fill(polygon_box(left, stage.horizon, right, bottom), light.sky_low * 0.80, shining=True)
    canvas.gradient(stage.horizon, stage.horizon + depth, light.sky_low * 0.86, light.sky_low * 0.62)
    canvas.stroke([(left, stage.horizon), (right, stage.horizon)], 0.9, pressure=190, wobble=0.4)
    rough = 1.0 + 0.5 * (stage.weather.gusts > 0) + 0.5 * stage.weather.lightning
    for row in range(13):
        near = ((row + 0.7) / 13) ** 1.7
        _swell(stage, stage.horizon + 0.012 + depth * near * 1.02, near, rough)
    if light.sun is not None or light.moon:
        for step in range(14):
            y = stage.horizon + 0.006 + 0.3 * depth * (step / 14) ** 1.4
            half = 0.012 + 0.05 * (step / 14)
            x = stage.aspect * 0.66 + rng.uniform(-0.03, 0.03)
            canvas.chalk([(x - half, y), (x + half, y)], 1.1)
    for _ in range(5):
        x, y = rng.uniform(0.1, 0.9) * stage.aspect, rng.uniform(0.1, 0.6) * max(stage.horizon, 0.4)
        draw_gull(stage, x, y, rng.uniform(0.012, 0.028))


def _swell(stage: Stage, y: float, near: float, rough: float) -> None:
    """One line of crests across the picture, larger the nearer it is."""
    canvas, rng = stage.canvas, stage.rng
    left, _, right, _ = canvas.sheet.extent
    length = 0.10 + 0.42 * near
    high = (0.004 + 0.030 * near) * rough
    x = left - rng.uniform(0, length)
    while x < right:
        wide = length * rng.uniform(0.7, 1.3)
        lift = high * rng.uniform(0.6, 1.2)
        crest = spline(
            [
                (x, y),
                (x + wide * 0.28, y - lift * 0.5),
                (x + wide * 0.5, y - lift),
                (x + wide * 0.66, y - lift * 0.35),
                (x + wide, y + lift * 0.1),
            ],
            steps=4,
        )
        face = spline(
            [crest[6], (x + wide * 0.68, y + lift * 0.15), (x + wide * 0.55, y + lift * 0.55), crest[3]], steps=3
        )
        canvas.shade(np.vstack([crest[3:7], face]), stage.light.sky_low * 0.68)
        if near < 0.2:
            canvas.lines([crest], 0.6, pressure=130)
        else:
            canvas.stroke(crest, 0.5 + 0.6 * near, pressure=int(120 + 60 * near))
        if rng.random() < 0.30 * rough:
            canvas.chalk(crest[5:11] - (0, 0.004), (0.8 + 2.0 * near) * math.sqrt(rough), 252, wobble=2)
        x += wide * rng.uniform(0.9, 1.5)


def draw_sea_from_above(stage: Stage, scale: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    left, top, right, bottom = canvas.sheet.extent
    canvas.fill(polygon_box(left, top, right, bottom), 196)
    rough = 1.0 + 0.5 * (stage.weather.gusts > 0)
    slope = 0.22
    for row, start in enumerate(np.arange(top - 0.5, bottom + 0.1, 0.075 * scale**0.5)):
        xs = np.linspace(left, right, 30)
        phase = rng.uniform(0, 6)
        line = np.column_stack([xs, start + (xs - left) * slope + 0.014 * np.sin(xs * 7 + phase)])
        if row % 3 == 0:
            canvas.shade(np.vstack([line, line[::-1] + (0, 0.026)]), 172)
        _broken(stage, line, rough)


def _broken(stage: Stage, line: Points, rough: float) -> None:
    canvas, rng = stage.canvas, stage.rng
    at = rng.randrange(5)
    while at < len(line) - 5:
        reach = rng.randrange(3, 6)
        piece = spline(line[at : at + reach], steps=3)
        canvas.stroke(piece, 0.8, pressure=150)
        if rng.random() < 0.26 * rough:
            canvas.chalk(piece[1:-2] - (0, 0.008), 2.0, 250, wobble=3)
        at += reach + rng.randrange(2, 6)


def draw_beam(stage: Stage, x: float, y: float, towards: tuple[float, float], spread: float) -> None:
    """A lighthouse's light from (x, y) out over `towards`, softer at its edges."""
    aim = np.array(towards) - (x, y)
    aim = aim / max(float(np.hypot(*aim)), 1e-6) * 3.5
    across = np.array([-aim[1], aim[0]])
    for share, amount in ((1.0, 0.20), (0.62, 0.20), (0.30, 0.22)):
        left, right = aim + across * spread * share, aim - across * spread * share
        stage.canvas.beam([(x, y), left + (x, y), right + (x, y)], amount)


def draw_far_light(stage: Stage, x: float, y: float) -> None:
    """A small light at sea, and its track on the water."""
    canvas = stage.canvas
    canvas.glow((x, y), 0.11, 0.85)
    canvas.fill(ellipse(x, y, 0.009, 0.009, steps=14), 255, shining=True)
    for angle in np.linspace(0, 2 * math.pi, 8, endpoint=False):
        ray = np.array([math.cos(angle), math.sin(angle)])
        canvas.chalk(array([ray * 0.016, ray * 0.034]) + (x, y), 0.8, wobble=0)
    for step in range(6):
        half = 0.008 + 0.006 * step
        below = y + 0.022 + 0.013 * step
        canvas.chalk([(x - half, below), (x + half, below)], 0.9)
