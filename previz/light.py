"""How time of day, weather and lighting tint the set."""

import math
from dataclasses import dataclass

import numpy as np

from previz.camera import Floats
from previz.shot import Shot

Colour = tuple[float, float, float]
Fall = tuple[str, float, float]
_DRY: Fall = ("", 0, 0)


@dataclass(frozen=True, eq=False)
class Light:
    """Colours are RGB (3,), 1 is white.

    `towards` is the unit vector to the light, `walls` the light on a room's surfaces, `rim` the brightness of edges
    that turn from the camera to the light, `subject` the share of light that reaches the figures (a silhouette gets
    little), `haze` the distance (m) over which what is seen fades to about a third, and `fall` what falls, how much of
    it, and in what wind.
    """

    sky: Floats
    horizon: Floats
    key: Floats
    ambient: Floats
    towards: Floats
    walls: Floats
    shadow: float
    ground: float
    rim: float
    subject: float
    haze: float
    fall: Fall


# sky, horizon, key, ambient, azimuth of the key (0 is behind the camera, -90 its left) and elevation, shadow
_TIMES: dict[str, tuple[Colour, Colour, Colour, Colour, float, float, float]] = {
    "": ((0.77, 0.80, 0.84), (0.92, 0.925, 0.93), (0.58, 0.57, 0.55), (0.52, 0.53, 0.55), -48, 46, 0.42),
    "dawn": ((0.46, 0.54, 0.66), (0.82, 0.79, 0.80), (0.34, 0.32, 0.34), (0.44, 0.48, 0.55), -75, 22, 0.20),
    "sunrise": ((0.58, 0.65, 0.77), (0.96, 0.83, 0.77), (0.62, 0.47, 0.41), (0.44, 0.44, 0.49), -80, 14, 0.40),
    "morning": ((0.64, 0.74, 0.85), (0.93, 0.92, 0.89), (0.62, 0.57, 0.49), (0.46, 0.49, 0.53), -62, 30, 0.45),
    "noon": ((0.56, 0.71, 0.87), (0.88, 0.92, 0.95), (0.66, 0.65, 0.62), (0.47, 0.49, 0.51), -20, 76, 0.55),
    "afternoon": ((0.62, 0.72, 0.84), (0.93, 0.91, 0.87), (0.64, 0.58, 0.48), (0.47, 0.48, 0.49), 50, 44, 0.48),
    "golden-hour": ((0.62, 0.66, 0.73), (0.97, 0.85, 0.67), (0.78, 0.57, 0.34), (0.42, 0.41, 0.42), 68, 17, 0.50),
    "sunset": ((0.48, 0.48, 0.61), (0.95, 0.70, 0.53), (0.68, 0.43, 0.29), (0.39, 0.37, 0.42), 80, 12, 0.42),
    "dusk": ((0.30, 0.35, 0.47), (0.66, 0.58, 0.61), (0.24, 0.22, 0.27), (0.34, 0.35, 0.43), 75, 24, 0.18),
    "blue-hour": ((0.15, 0.23, 0.38), (0.40, 0.49, 0.63), (0.17, 0.21, 0.29), (0.26, 0.32, 0.44), -40, 40, 0.20),
    "night": ((0.09, 0.12, 0.18), (0.25, 0.29, 0.38), (0.44, 0.49, 0.60), (0.27, 0.30, 0.38), -55, 48, 0.45),
}
# share of the key that is left, haze (m), how grey the sky turns, what falls, how much, wind
_WEATHERS: dict[str, tuple[float, float, float, Fall]] = {
    "cloudy": (0.75, 160, 0.45, _DRY), "overcast": (0.35, 120, 0.85, _DRY), "heat-haze": (0.95, 60, 0.2, _DRY),
    "mist": (0.6, 30, 0.7, _DRY), "fog": (0.3, 11, 1.0, _DRY), "after-rain": (0.7, 140, 0.4, _DRY),
    "drizzle": (0.45, 60, 0.85, ("rain", 0.35, 0.05)), "rain": (0.42, 45, 0.9, ("rain", 0.8, 0.12)),
    "storm": (0.35, 35, 1.0, ("rain", 1.0, 0.45)), "sandstorm": (0.4, 9, 1.0, ("dust", 0.8, 2.4)),
    "snow": (0.5, 40, 0.85, ("snow", 0.7, 0.15)), "blizzard": (0.35, 9, 1.0, ("snow", 1.0, 1.6)),
}  # fmt: skip
# azimuth, elevation, factors of key and ambient, tint of the key, rim
_LIGHTING: dict[str, tuple[float, float, float, float, Colour, float]] = {
    "three-point": (-40, 38, 1.05, 0.85, (1, 1, 1), 0.35), "high-key": (-20, 50, 0.85, 1.3, (1, 1, 1), 0),
    "low-key": (-70, 36, 0.95, 0.42, (1, 1, 1), 0.3), "chiaroscuro": (-78, 34, 1.2, 0.3, (1, 0.95, 0.87), 0.1),
    "rembrandt": (-52, 44, 1.15, 0.55, (1, 0.97, 0.93), 0), "butterfly": (0, 52, 1.1, 0.75, (1, 1, 1), 0),
    "split": (-92, 10, 1.25, 0.42, (1, 1, 1), 0), "rim": (165, 32, 0.9, 0.6, (1, 1, 1), 1.3),
    "silhouette": (180, 20, 0.6, 1.0, (1, 1, 1), 0.4), "top": (0, 86, 1.2, 0.5, (1, 1, 1), 0),
    "underlight": (0, -40, 0.95, 0.5, (1, 0.97, 0.93), 0), "window": (-85, 25, 0.95, 0.85, (1, 1, 1), 0),
    "overcast-soft": (0, 80, 0.35, 1.25, (1, 1, 1), 0), "hard-sun": (-50, 40, 1.3, 0.75, (1, 0.98, 0.93), 0),
    "golden-rim": (150, 14, 0.9, 0.75, (1.1, 0.85, 0.58), 1.3), "shafts": (-140, 48, 1.0, 0.75, (1, 0.97, 0.9), 0.8),
    "practicals": (40, 24, 0.85, 0.65, (1.03, 0.92, 0.76), 0.2), "candlelight": (25, -4, 0.85, 0.45, (1.08, 0.84, 0.58), 0),
    "screen-glow": (0, -6, 0.75, 0.5, (0.8, 0.92, 1.1), 0), "neon": (-50, 15, 1.0, 0.75, (1.0, 0.68, 0.98), 0.6),
    "moonlight": (140, 50, 0.9, 0.6, (0.84, 0.92, 1.08), 0.8),
}  # fmt: skip


def light_for(shot: Shot) -> Light:
    """Light, sky and weather of the shot; inside, weather only shows in the windows."""
    *colours, azimuth, elevation, shadow = _TIMES.get(shot.time_of_day, _TIMES[""])
    sky, horizon, key, ambient = (np.array(colour) for colour in colours)
    left, haze, greyer, fall = _WEATHERS.get(shot.weather, (1.0, 220.0, 0.0, _DRY))
    dull = (sky + horizon) / 2 @ (0.3, 0.59, 0.11) * np.array({"dust": (1.03, 0.94, 0.78)}.get(fall[0], (1, 1, 1)))
    sky, horizon = sky + (dull - sky) * greyer, horizon + (dull - horizon) * greyer * 0.9
    key, ambient, shadow = key * left, ambient * (1.25 - 0.25 * left), shadow * (0.35 + 0.65 * left)
    if shot.interior:  # light falls in from the windows at the left, whatever the sun does outside
        haze, fall, azimuth, elevation = math.inf, _DRY, -62.0, 38.0
        key = key * 0.6 + key.mean() * 0.4
    rim = 0.0
    if shot.lighting in _LIGHTING:
        azimuth, elevation, strength, fill, tint, rim = _LIGHTING[shot.lighting]
        key, ambient = np.maximum(key, 0.36 if key.max() < 0.36 else 0) * strength * tint, ambient * fill
        sky, horizon = sky * min(1.0, 0.5 + 0.5 * fill), horizon * min(1.0, 0.5 + 0.5 * fill)
    turn, up = math.radians(azimuth), math.radians(elevation)
    towards = np.array([math.sin(turn) * math.cos(up), -math.cos(turn) * math.cos(up), math.sin(up)])
    walls = ambient * 1.12 + key * (0.62 if abs(azimuth) < 100 else 0.22)
    ground, subject = {"snow": 0.94, "rain": 0.62}.get(fall[0], 0.72), 0.14 if shot.lighting == "silhouette" else 1.0
    return Light(sky, horizon, key, ambient, towards, walls, shadow, ground, rim, subject, haze, fall)
