"""How time of day, weather and lighting tint the set."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from previz.camera import Floats
from previz.shot import Shot

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Colours are RGB, 1 is white; angles are where the light comes from: azimuth 0 is behind the camera, -90 its left."""

    sky: Colour = (0.77, 0.80, 0.84)
    horizon: Colour = (0.92, 0.925, 0.93)
    ground: float = 0.70
    key: Colour = (0.58, 0.57, 0.55)
    ambient: Colour = (0.50, 0.51, 0.53)
    azimuth: float = -48.0
    elevation: float = 46.0
    shadow: float = 0.42
    rim: float = 0.0
    """How bright edges seen against the light are."""
    haze: float = 220.0
    """Distance (m) over which what is seen fades to about a third."""
    falling: str = ""
    wind: float = 0.0
    intensity: float = 0.0

    def towards(self) -> Floats:
        """Unit vector to the light."""
        turn, up = math.radians(self.azimuth), math.radians(self.elevation)
        return np.array([math.sin(turn) * math.cos(up), -math.cos(turn) * math.cos(up), math.sin(up)])


# sky, horizon, key, ambient, azimuth, elevation of the key, shadow.
_TIMES: dict[str, tuple[Colour, Colour, Colour, Colour, float, float, float]] = {
    "dawn": ((0.42, 0.50, 0.63), (0.80, 0.77, 0.78), (0.30, 0.28, 0.31), (0.42, 0.46, 0.54), -75, 22, 0.20),
    "sunrise": ((0.55, 0.62, 0.76), (0.96, 0.80, 0.74), (0.62, 0.46, 0.40), (0.42, 0.42, 0.48), -80, 14, 0.40),
    "morning": ((0.62, 0.73, 0.85), (0.93, 0.92, 0.89), (0.62, 0.57, 0.49), (0.45, 0.48, 0.53), -62, 30, 0.45),
    "noon": ((0.52, 0.69, 0.87), (0.88, 0.92, 0.95), (0.66, 0.65, 0.62), (0.46, 0.48, 0.51), -20, 76, 0.55),
    "afternoon": ((0.60, 0.71, 0.84), (0.93, 0.91, 0.87), (0.64, 0.58, 0.48), (0.46, 0.47, 0.49), 50, 44, 0.48),
    "golden-hour": ((0.58, 0.63, 0.72), (0.98, 0.84, 0.64), (0.80, 0.56, 0.30), (0.40, 0.39, 0.41), 68, 17, 0.50),
    "sunset": ((0.44, 0.44, 0.58), (0.97, 0.66, 0.46), (0.70, 0.40, 0.24), (0.36, 0.34, 0.41), 80, 12, 0.42),
    "dusk": ((0.26, 0.31, 0.45), (0.64, 0.55, 0.58), (0.20, 0.18, 0.24), (0.30, 0.32, 0.41), 75, 24, 0.16),
    "blue-hour": ((0.11, 0.19, 0.37), (0.34, 0.44, 0.62), (0.12, 0.16, 0.26), (0.20, 0.27, 0.43), -40, 40, 0.18),
    "night": ((0.05, 0.07, 0.12), (0.13, 0.16, 0.23), (0.24, 0.28, 0.38), (0.11, 0.13, 0.19), -55, 48, 0.45),
}
# share of the key that is left, haze in metres, how grey the sky turns, what falls, how much of it, wind.
_WEATHERS: dict[str, tuple[float, float, float, str, float, float]] = {
    "cloudy": (0.75, 160, 0.45, "", 0, 0),
    "overcast": (0.22, 120, 0.85, "", 0, 0),
    "heat-haze": (0.95, 60, 0.2, "", 0, 0),
    "mist": (0.5, 30, 0.7, "", 0, 0),
    "fog": (0.2, 10, 1.0, "", 0, 0),
    "drizzle": (0.3, 60, 0.85, "rain", 0.35, 0.05),
    "rain": (0.25, 45, 0.9, "rain", 0.8, 0.12),
    "after-rain": (0.7, 140, 0.4, "", 0, 0),
    "storm": (0.18, 35, 1.0, "rain", 1.0, 0.45),
    "wind": (0.9, 200, 0.15, "", 0, 0.5),
    "sandstorm": (0.3, 9, 1.0, "dust", 0.8, 2.4),
    "snow": (0.4, 40, 0.85, "snow", 0.7, 0.15),
    "blizzard": (0.2, 8, 1.0, "snow", 1.0, 1.6),
}
# azimuth, elevation, factors of key and ambient, tint of the key, rim; None keeps what the time of day says.
_LIGHTING: dict[str, tuple[float | None, float | None, float, float, Colour, float]] = {
    "three-point": (-40, 38, 1.05, 0.85, (1, 1, 1), 0.35),
    "high-key": (-20, 50, 0.85, 1.35, (1, 1, 1), 0.0),
    "low-key": (-70, 36, 1.0, 0.35, (1, 1, 1), 0.25),
    "chiaroscuro": (-78, 34, 1.3, 0.22, (1, 0.93, 0.82), 0.1),
    "rembrandt": (-52, 44, 1.15, 0.5, (1, 0.96, 0.9), 0.0),
    "butterfly": (0, 52, 1.1, 0.75, (1, 1, 1), 0.0),
    "split": (-92, 10, 1.3, 0.35, (1, 1, 1), 0.0),
    "rim": (165, 32, 0.9, 0.4, (1, 1, 1), 1.1),
    "silhouette": (180, 20, 0.15, 0.12, (1, 1, 1), 0.35),
    "top": (0, 88, 1.25, 0.4, (1, 1, 1), 0.0),
    "underlight": (0, -40, 1.0, 0.4, (1, 0.95, 0.9), 0.0),
    "window": (-85, 25, 0.95, 0.85, (1, 1, 1), 0.0),
    "overcast-soft": (0, 80, 0.35, 1.25, (1, 1, 1), 0.0),
    "hard-sun": (-50, 40, 1.3, 0.75, (1, 0.98, 0.93), 0.0),
    "golden-rim": (150, 14, 0.9, 0.7, (1.1, 0.82, 0.5), 1.0),
    "shafts": (-140, 48, 1.0, 0.6, (1, 0.97, 0.9), 0.5),
    "practicals": (40, 24, 0.85, 0.6, (1.05, 0.88, 0.66), 0.2),
    "candlelight": (25, -4, 0.9, 0.35, (1.1, 0.76, 0.45), 0.0),
    "screen-glow": (0, -6, 0.8, 0.4, (0.72, 0.88, 1.12), 0.0),
    "neon": (-90, 15, 1.0, 0.5, (1.0, 0.55, 0.95), 0.5),
    "moonlight": (140, 50, 0.9, 0.4, (0.8, 0.9, 1.1), 0.5),
}


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


def _times(colour: Colour, factor: float, tint: Colour = (1, 1, 1)) -> Colour:
    return colour[0] * factor * tint[0], colour[1] * factor * tint[1], colour[2] * factor * tint[2]


def _grey(colour: Colour) -> Colour:
    level = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    return level, level, level


def light_for(shot: Shot) -> Light:
    """Light, sky and weather of the shot; inside, weather only dims the windows."""
    light = Light()
    if shot.time_of_day in _TIMES:
        sky, horizon, key, ambient, azimuth, elevation, shadow = _TIMES[shot.time_of_day]
        light = replace(
            light,
            sky=sky,
            horizon=horizon,
            key=key,
            ambient=ambient,
            azimuth=azimuth,
            elevation=elevation,
            shadow=shadow,
        )
    if shot.weather in _WEATHERS:
        left, haze, greyer, falling, intensity, wind = _WEATHERS[shot.weather]
        dull = _grey(_mixed(light.sky, light.horizon, 0.55))
        if falling == "dust":
            dull = _times(dull, 1.0, (1.04, 0.90, 0.66))
        light = replace(
            light,
            sky=_mixed(light.sky, dull, greyer),
            horizon=_mixed(light.horizon, dull, greyer * 0.9),
            key=_times(light.key, left),
            ambient=_mixed(_times(light.ambient, 1 + 0.18 * (1 - left)), _times(dull, 0.62), greyer * 0.5),
            shadow=light.shadow * (0.35 + 0.65 * left),
        )
        if not shot.interior:
            ground = 0.92 if falling == "snow" else 0.60 if falling == "rain" else light.ground
            light = replace(light, haze=haze, falling=falling, intensity=intensity, wind=wind, ground=ground)
    if shot.interior and shot.lighting not in _LIGHTING:
        # From the windows at the left, whatever the sun does outside.
        light = replace(light, azimuth=-62.0, elevation=38.0, key=_mixed(light.key, _grey(light.key), 0.4))
    if shot.lighting in _LIGHTING:
        azimuth, elevation, key, ambient, tint, rim = _LIGHTING[shot.lighting]
        light = replace(
            light,
            azimuth=light.azimuth if azimuth is None else azimuth,
            elevation=light.elevation if elevation is None else elevation,
            key=_times(light.key if max(light.key) > 0.3 else (0.42, 0.42, 0.42), key, tint),
            ambient=_times(light.ambient, ambient),
            sky=_times(light.sky, min(1.0, 0.45 + 0.55 * ambient))
            if ambient < 0.6 and shot.lighting != "silhouette"
            else light.sky,
            horizon=_times(light.horizon, min(1.0, 0.45 + 0.55 * ambient))
            if ambient < 0.6 and shot.lighting != "silhouette"
            else light.horizon,
            rim=rim,
        )
    return light
