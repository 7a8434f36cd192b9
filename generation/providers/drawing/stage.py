"""What every backdrop is given: the sheet to draw on, where the horizon is, the light and the weather."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from generation.providers.drawing.canvas import Canvas
from generation.providers.drawing.geometry import PointLike, Points, array, ellipse, polygon_box, spline
from generation.providers.drawing.light import Light, Weather


@dataclass
class Stage:
    canvas: Canvas
    rng: random.Random
    light: Light
    weather: Weather
    horizon: float
    vanishing: float

    @property
    def aspect(self) -> float:
        return self.canvas.sheet.aspect

    def on(self, canvas: Canvas) -> Stage:
        """The same place on another layer."""
        return replace(self, canvas=canvas)

    def seen_from(self, points: PointLike) -> Points:
        """Ground plan (sideways, away) or (sideways, away, height) in eye heights to picture units."""
        world = np.asarray(points, dtype=np.float64)
        away = np.maximum(world[:, 1], 0.05)
        height = world[:, 2] if world.shape[1] > 2 else np.zeros(len(world))
        eye = max(1.0 - self.horizon, 0.18)
        return np.column_stack([self.vanishing + world[:, 0] / away * eye, self.horizon + (1 - height) / away * eye])

    def spot(self, sideways: float, away: float) -> tuple[float, float]:
        """One place on the ground."""
        x, y = self.seen_from([(sideways, away)])[0]
        return float(x), float(y)


def draw_sky(stage: Stage) -> None:
    canvas, light = stage.canvas, stage.light
    left, top, right, _ = canvas.sheet.extent
    low = stage.horizon
    canvas.fill(polygon_box(left, top, right, canvas.sheet.extent[3]), light.ground, shining=True)
    canvas.gradient(top, low, light.sky_high, light.sky_low)
    canvas.fill(polygon_box(left, low, right, low + 0.012), (light.sky_low + light.ground) / 2, shining=True)
    if light.rays:
        _draw_rays(stage)
    if light.sun is not None:
        x, y = _luminary(stage)
        canvas.fill(ellipse(x, y, 0.055, 0.055), 255, shining=True)
        canvas.outline(ellipse(x, y, 0.055, 0.055), 0.7, pressure=150)
        if light.sun > 0.3:
            for angle in np.linspace(0, 2 * np.pi, 12, endpoint=False) + 0.1:
                ray = np.array([np.cos(angle), np.sin(angle)])
                canvas.stroke([ray * 0.075 + (x, y), ray * stage.rng.uniform(0.10, 0.125) + (x, y)], 0.6, pressure=130)
    if light.moon:
        draw_moon(stage)
    draw_clouds(stage)
    if stage.weather.lightning:
        _draw_lightning(stage)


def _luminary(stage: Stage) -> tuple[float, float]:
    side = stage.rng.choice((0.16, 0.80)) * stage.aspect
    height = stage.light.sun if stage.light.sun is not None else 0.7
    return side, max(stage.horizon * (1 - height), 0.10)


def _draw_rays(stage: Stage) -> None:
    middle = stage.aspect * 0.5
    for _ in range(9):
        x = stage.rng.uniform(-0.2, 1.2) * stage.aspect
        y = stage.rng.uniform(0.05, 0.9) * stage.horizon
        reach = stage.rng.uniform(0.12, 0.4)
        drift = 0.02 * (x - middle)
        stage.canvas.stroke([(x - reach, y + drift), (x + reach, y - drift)], 0.5, pressure=85, wobble=1.5)


def draw_moon(stage: Stage) -> None:
    canvas, rng = stage.canvas, stage.rng
    x, y = rng.choice((0.17, 0.79)) * stage.aspect, max(stage.horizon * 0.3, 0.13)
    canvas.fill(ellipse(x, y, 0.115, 0.115), min(stage.light.sky_high + 24, 255), shining=True)
    canvas.fill(ellipse(x, y, 0.062, 0.062), 255, shining=True)
    canvas.fill(ellipse(x - 0.014, y - 0.01, 0.014, 0.012), 222, shining=True)
    canvas.fill(ellipse(x + 0.018, y + 0.018, 0.010, 0.009), 226, shining=True)
    for _ in range(34):
        star = rng.uniform(-0.1, 1.1) * stage.aspect, rng.uniform(-0.1, max(stage.horizon * 0.8, 0.25))
        size = rng.uniform(0.0012, 0.0032)
        canvas.fill(ellipse(*star, size, size, steps=7), 245, shining=True)


def draw_clouds(stage: Stage) -> None:
    canvas, rng, light = stage.canvas, stage.rng, stage.light
    dark = stage.weather.sky < 0.9
    for _ in range(stage.weather.clouds):
        x, y = rng.uniform(-0.1, 1.1) * stage.aspect, rng.uniform(-0.02, 0.62) * max(stage.horizon, 0.25)
        wide, high = rng.uniform(0.14, 0.34), rng.uniform(0.03, 0.06)
        puffs = [
            (x - wide, y),
            (x - wide * 0.72, y - high * rng.uniform(0.5, 1.0)),
            (x - wide * 0.3, y - high * rng.uniform(0.9, 1.7)),
            (x + wide * 0.2, y - high * rng.uniform(0.8, 1.6)),
            (x + wide * 0.65, y - high * rng.uniform(0.4, 0.9)),
            (x + wide, y + 0.004),
        ]
        top = spline(puffs)
        belly = spline(
            [(x + wide, y + 0.004), (x + wide * 0.4, y + high * 0.25), (x - wide * 0.5, y + high * 0.2), (x - wide, y)]
        )
        body = light.sky_high * 0.80 if dark else min(light.sky_low + 6, 255)
        canvas.fill(np.vstack([top, belly]), body, shining=True)
        canvas.stroke(top, 0.7, pressure=125)
        if dark:
            canvas.hatch(np.vstack([top, belly]), 28, 0.013, pressure=95)
        else:
            canvas.stroke(belly[2:-3], 0.5, pressure=90)


def _draw_lightning(stage: Stage) -> None:
    x, y = stage.rng.uniform(0.15, 0.85) * stage.aspect, -0.05
    bolt = [(x, y)]
    while y < stage.horizon:
        y += stage.rng.uniform(0.05, 0.10)
        x += stage.rng.uniform(-0.07, 0.07)
        bolt.append((x, y))
    stage.canvas.chalk(bolt, 2.6, wobble=0)
    fork = len(bolt) // 2
    stage.canvas.chalk(
        [bolt[fork], (bolt[fork][0] + 0.06, bolt[fork][1] + 0.07), (bolt[fork][0] + 0.07, bolt[fork][1] + 0.15)],
        1.4,
        wobble=0,
    )


def draw_veil(stage: Stage) -> None:
    """Air between the camera and the distance: lifts the tones and fades the pencil around the horizon."""
    amount = stage.weather.veil
    if not amount:
        return
    canvas = stage.canvas
    middle = canvas.sheet.pixels(array([(stage.aspect / 2, stage.horizon)]))[0, 1]
    rows = np.arange(canvas.tone.shape[0])
    reach = 0.42 * canvas.sheet.scale * canvas.sheet.supersampling
    below = np.clip(1 - (rows - middle) / reach, 0, 1)
    strength = (amount * np.where(rows < middle, 1.0, below))[:, None].astype(np.float32)
    air = np.float32(stage.light.sky_low)
    canvas.tone = (canvas.tone + (air - canvas.tone) * strength).astype(np.uint8)
    canvas.graphite = (canvas.graphite * (1 - strength)).astype(np.uint8)


def draw_weather_marks(canvas: Canvas, weather: Weather, light: Light, rng: random.Random) -> None:
    """Rain, snow and gusts between the camera and the scene."""
    left, top, right, bottom = canvas.sheet.extent
    streaks = []
    for _ in range(weather.rain):
        x, y, length = rng.uniform(left, right), rng.uniform(top, bottom), rng.uniform(0.04, 0.11)
        slant = 0.28 if weather.lightning else 0.16
        streaks.append(([(x, y), (x - length * slant, y + length)], length))
    for index, (line, length) in enumerate(streaks):
        if light.dark or index % 3 == 0:
            canvas.chalk(line, 0.55 + length * 3, wobble=0)
        else:
            canvas.stroke(line, 0.4 + length * 2.5, pressure=150, wobble=0)
    for _ in range(weather.snow):
        x, y, size = rng.uniform(left, right), rng.uniform(top, bottom), rng.choice((0.0025, 0.0035, 0.005, 0.0075))
        flake = ellipse(x, y, size, size * 0.9, steps=9)
        if not light.dark:
            canvas.lines([ellipse(x, y, size * 1.15, size * 1.05, steps=9)], 0.4, pressure=120)
        canvas.fill(flake, 255, shining=True)
    for _ in range(weather.gusts):
        x, y, length = rng.uniform(left, right), rng.uniform(0.08, 0.85), rng.uniform(0.18, 0.4)
        sweep = [(x, y), (x + length * 0.4, y - 0.02), (x + length * 0.75, y + 0.005), (x + length, y - 0.03)]
        canvas.stroke(spline(sweep), 0.8, pressure=150)
        curl = ellipse(x + length, y - 0.055, 0.025, 0.025, start=90, end=-170, steps=12)
        canvas.stroke(curl, 0.7, pressure=150)
        leaf = (x + length * 0.6, y + 0.05)
        canvas.fill(ellipse(*leaf, 0.012, 0.005, steps=8), 110)


def cast_shadow(stage: Stage, x: float, y: float, wide: float, high: float) -> None:
    """On the ground, to the right of whatever stands at (x, y)."""
    length = high * 0.42 * stage.light.shadow
    flat = 0.035 + 0.10 * max(0.0, 0.5 - stage.horizon)
    shape = spline(
        [
            (x - wide, y),
            (x, y + wide * 0.22),
            (x + wide + length * 0.5, y - length * flat + wide * 0.2),
            (x + wide + length, y - length * flat * 2),
            (x + wide * 0.6, y - wide * 0.24),
        ],
        closed=True,
    )
    tone = min(stage.light.ground, 235) * (0.74 if not stage.weather.flat_shadow else 0.84)
    stage.canvas.shade(shape, tone / max(stage.canvas.exposure, 0.01))
    stage.canvas.hatch(shape, 8, 0.012, pressure=100)
