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
    key: Colour = (0.58, 0.57, 0.55)
    ambient: Colour = (0.50, 0.51, 0.53)
    azimuth: float = -48.0
    elevation: float = 46.0
    shadow: float = 0.42
    ground: float = 0.72
    rim: float = 0.0
    """How bright edges are that turn away from the camera and towards the light."""
    subject: float = 1.0
    """What share of the light reaches the figures; a silhouette gets little."""
    haze: float = 220.0
    """Distance (m) over which what is seen fades to about a third."""
    falling: str = ""
    intensity: float = 0.0
    wind: float = 0.0

    def towards(self) -> Floats:
        """Unit vector to the light."""
        turn, up = math.radians(self.azimuth), math.radians(self.elevation)
        return np.array([math.sin(turn) * math.cos(up), -math.cos(turn) * math.cos(up), math.sin(up)])

    def walls(self) -> Floats:
        """Light on a room's surfaces, which a source behind the subject hardly reaches."""
        return np.array(self.ambient) * 1.12 + np.array(self.key) * (0.62 if abs(self.azimuth) < 100 else 0.22)


# sky, horizon, key, ambient, azimuth and elevation of the key, shadow
_TIMES: dict[str, tuple[Colour, Colour, Colour, Colour, float, float, float]] = {
    "dawn": ((0.46, 0.54, 0.66), (0.82, 0.79, 0.80), (0.34, 0.32, 0.34), (0.44, 0.48, 0.55), -75, 22, 0.20),
    "sunrise": ((0.58, 0.65, 0.77), (0.96, 0.83, 0.77), (0.62, 0.47, 0.41), (0.44, 0.44, 0.49), -80, 14, 0.40),
    "morning": ((0.64, 0.74, 0.85), (0.93, 0.92, 0.89), (0.62, 0.57, 0.49), (0.46, 0.49, 0.53), -62, 30, 0.45),
    "noon": ((0.56, 0.71, 0.87), (0.88, 0.92, 0.95), (0.66, 0.65, 0.62), (0.47, 0.49, 0.51), -20, 76, 0.55),
    "afternoon": ((0.62, 0.72, 0.84), (0.93, 0.91, 0.87), (0.64, 0.58, 0.48), (0.47, 0.48, 0.49), 50, 44, 0.48),
    "golden-hour": ((0.62, 0.66, 0.73), (0.97, 0.85, 0.67), (0.78, 0.57, 0.34), (0.42, 0.41, 0.42), 68, 17, 0.50),
    "sunset": ((0.48, 0.48, 0.61), (0.95, 0.70, 0.53), (0.68, 0.43, 0.29), (0.39, 0.37, 0.42), 80, 12, 0.42),
    "dusk": ((0.30, 0.35, 0.47), (0.66, 0.58, 0.61), (0.24, 0.22, 0.27), (0.34, 0.35, 0.43), 75, 24, 0.18),
    "blue-hour": ((0.15, 0.23, 0.38), (0.40, 0.49, 0.63), (0.17, 0.21, 0.29), (0.26, 0.32, 0.44), -40, 40, 0.20),
    "night": ((0.07, 0.09, 0.14), (0.19, 0.22, 0.29), (0.36, 0.40, 0.49), (0.19, 0.21, 0.27), -55, 48, 0.45),
}
# share of the key that is left, haze (m), how grey the sky turns, what falls, how much, wind
_WEATHERS: dict[str, tuple[float, float, float, str, float, float]] = {
    "cloudy": (0.75, 160, 0.45, "", 0, 0),
    "overcast": (0.35, 120, 0.85, "", 0, 0),
    "heat-haze": (0.95, 60, 0.2, "", 0, 0),
    "mist": (0.6, 30, 0.7, "", 0, 0),
    "fog": (0.3, 11, 1.0, "", 0, 0),
    "drizzle": (0.45, 60, 0.85, "rain", 0.35, 0.05),
    "rain": (0.42, 45, 0.9, "rain", 0.8, 0.12),
    "after-rain": (0.7, 140, 0.4, "", 0, 0),
    "storm": (0.35, 35, 1.0, "rain", 1.0, 0.45),
    "sandstorm": (0.4, 9, 1.0, "dust", 0.8, 2.4),
    "snow": (0.5, 40, 0.85, "snow", 0.7, 0.15),
    "blizzard": (0.35, 9, 1.0, "snow", 1.0, 1.6),
}
# azimuth, elevation, factors of key and ambient, tint of the key, rim
_LIGHTING: dict[str, tuple[float, float, float, float, Colour, float]] = {
    "three-point": (-40, 38, 1.05, 0.85, (1, 1, 1), 0.35),
    "high-key": (-20, 50, 0.85, 1.3, (1, 1, 1), 0.0),
    "low-key": (-70, 36, 0.95, 0.42, (1, 1, 1), 0.3),
    "chiaroscuro": (-78, 34, 1.2, 0.3, (1, 0.95, 0.87), 0.1),
    "rembrandt": (-52, 44, 1.15, 0.55, (1, 0.97, 0.93), 0.0),
    "butterfly": (0, 52, 1.1, 0.75, (1, 1, 1), 0.0),
    "split": (-92, 10, 1.25, 0.42, (1, 1, 1), 0.0),
    "rim": (165, 32, 0.9, 0.55, (1, 1, 1), 1.3),
    "silhouette": (180, 20, 0.6, 1.0, (1, 1, 1), 0.4),
    "top": (0, 86, 1.2, 0.5, (1, 1, 1), 0.0),
    "underlight": (0, -40, 0.95, 0.5, (1, 0.97, 0.93), 0.0),
    "window": (-85, 25, 0.95, 0.85, (1, 1, 1), 0.0),
    "overcast-soft": (0, 80, 0.35, 1.25, (1, 1, 1), 0.0),
    "hard-sun": (-50, 40, 1.3, 0.75, (1, 0.98, 0.93), 0.0),
    "golden-rim": (150, 14, 0.9, 0.75, (1.1, 0.85, 0.58), 1.3),
    "shafts": (-140, 48, 1.0, 0.7, (1, 0.97, 0.9), 0.8),
    "practicals": (40, 24, 0.85, 0.65, (1.03, 0.92, 0.76), 0.2),
    "candlelight": (25, -4, 0.85, 0.45, (1.08, 0.84, 0.58), 0.0),
    "screen-glow": (0, -6, 0.75, 0.5, (0.8, 0.92, 1.1), 0.0),
    "neon": (-80, 15, 0.9, 0.6, (1.0, 0.68, 0.98), 0.6),
    "moonlight": (140, 50, 0.9, 0.55, (0.84, 0.92, 1.08), 0.8),
}


def _mixed(a: Colour, b: Colour, share: float) -> Colour:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share


def _times(colour: Colour, factor: float, tint: Colour = (1, 1, 1)) -> Colour:
    return colour[0] * factor * tint[0], colour[1] * factor * tint[1], colour[2] * factor * tint[2]


def _grey(colour: Colour) -> Colour:
    level = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    return level, level, level


def light_for(shot: Shot) -> Light:
    """Light, sky and weather of the shot; inside, weather only shows in the windows."""
    light = Light()
    if shot.time_of_day in _TIMES:
        light = Light(*_TIMES[shot.time_of_day])
    if shot.weather in _WEATHERS:
        left, haze, greyer, falling, intensity, wind = _WEATHERS[shot.weather]
        dull = _times(
            _grey(_mixed(light.sky, light.horizon, 0.55)), 1.0, (1.03, 0.94, 0.78) if falling == "dust" else (1, 1, 1)
        )
        sky, horizon = _mixed(light.sky, dull, greyer), _mixed(light.horizon, dull, greyer * 0.9)
        key, ambient = _times(light.key, left), _times(light.ambient, 1 + 0.25 * (1 - left))
        light = replace(
            light, sky=sky, horizon=horizon, key=key, ambient=ambient, shadow=light.shadow * (0.35 + 0.65 * left)
        )
        if not shot.interior:
            ground = {"snow": 0.94, "rain": 0.62}.get(falling, light.ground)
            light = replace(light, haze=haze, falling=falling, intensity=intensity, wind=wind, ground=ground)
    if shot.lighting in _LIGHTING:
        azimuth, elevation, key_share, fill, tint, rim = _LIGHTING[shot.lighting]
        key = _times(light.key if max(light.key) > 0.3 else (0.42, 0.42, 0.42), key_share, tint)
        dim, subject = min(1.0, 0.5 + 0.5 * fill), 0.14 if shot.lighting == "silhouette" else 1.0
        sky, horizon, ambient = _times(light.sky, dim), _times(light.horizon, dim), _times(light.ambient, fill)
        light = replace(light, sky=sky, horizon=horizon, key=key, ambient=ambient, rim=rim, subject=subject)
        return replace(light, azimuth=azimuth, elevation=elevation)
    if shot.interior:  # from the windows at the left, whatever the sun does outside
        return replace(light, azimuth=-62.0, elevation=38.0, key=_mixed(light.key, _grey(light.key), 0.4))
    return light
