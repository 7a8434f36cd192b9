"""Time of day, weather and grading as marker tones and paper colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Light:
    """Tones are 0 (black) to 255 (bare paper); `sun` is its height over the horizon in skies, None hides it."""

    sky_high: float
    sky_low: float
    ground: float
    exposure: float = 1.0
    sun: float | None = None
    moon: bool = False
    rays: bool = False
    shadow: float = 0.6
    paper: Colour = (250, 248, 243)
    graphite: Colour = (36, 36, 40)

    @property
    def dark(self) -> bool:
        return self.exposure < 0.7


_DAY = Light(236, 252, 236, sun=0.72)

TIMES: Mapping[str, Light] = {
    "dawn": Light(206, 244, 214, exposure=0.93, sun=0.06, shadow=1.5, paper=(251, 245, 243), graphite=(44, 40, 52)),
    "sunrise": Light(
        212, 250, 218, exposure=0.94, sun=0.09, rays=True, shadow=1.7, paper=(255, 240, 234), graphite=(50, 38, 46)
    ),
    "morning": Light(232, 252, 236, sun=0.38, shadow=1.1, paper=(250, 249, 243)),
    "noon": Light(246, 255, 246, sun=0.86, shadow=0.25, paper=(252, 251, 247), graphite=(28, 28, 30)),
    "afternoon": Light(234, 250, 234, sun=0.55, shadow=0.8, paper=(252, 248, 237)),
    "golden-hour": Light(
        216, 248, 214, exposure=0.95, sun=0.17, rays=True, shadow=1.9, paper=(255, 244, 219), graphite=(52, 38, 28)
    ),
    "sunset": Light(
        196, 240, 196, exposure=0.90, sun=0.08, rays=True, shadow=1.8, paper=(255, 232, 208), graphite=(54, 34, 30)
    ),
    "dusk": Light(140, 216, 160, exposure=0.78, shadow=0.4, paper=(240, 241, 247), graphite=(32, 34, 46)),
    "blue-hour": Light(112, 176, 134, exposure=0.71, shadow=0.4, paper=(226, 234, 250), graphite=(22, 28, 52)),
    "night": Light(84, 132, 104, exposure=0.60, moon=True, shadow=0.5, paper=(233, 237, 246), graphite=(20, 23, 33)),
}


@dataclass(frozen=True)
class Weather:
    """`veil` (0 to 1) is how much of the distance the air swallows; `sky` multiplies the sky's tone."""

    sky: float = 1.0
    veil: float = 0.0
    clouds: int = 0
    sun_hidden: bool = False
    flat_shadow: bool = False
    rain: int = 0
    snow: int = 0
    gusts: int = 0
    lightning: bool = False
    wet: bool = False
    white_ground: bool = False


WEATHERS: Mapping[str, Weather] = {
    "clear": Weather(),
    "cloudy": Weather(sky=0.98, clouds=5),
    "overcast": Weather(sky=0.84, clouds=7, sun_hidden=True, flat_shadow=True),
    "heat-haze": Weather(sky=1.0, veil=0.22),
    "mist": Weather(sky=0.98, veil=0.40, flat_shadow=True),
    "drizzle": Weather(sky=0.84, veil=0.14, clouds=5, sun_hidden=True, flat_shadow=True, rain=55, wet=True),
    "rain": Weather(sky=0.76, veil=0.18, clouds=4, sun_hidden=True, flat_shadow=True, rain=150, wet=True),
    "after-rain": Weather(sky=0.96, clouds=4, wet=True),
    "storm": Weather(
        sky=0.52, veil=0.15, clouds=7, sun_hidden=True, flat_shadow=True, rain=210, lightning=True, gusts=4, wet=True
    ),
    "fog": Weather(sky=0.97, veil=0.80, sun_hidden=True, flat_shadow=True),
    "snow": Weather(sky=0.86, veil=0.22, clouds=2, sun_hidden=True, flat_shadow=True, snow=210, white_ground=True),
    "wind": Weather(clouds=3, gusts=9),
    "sandstorm": Weather(sky=0.80, veil=0.62, sun_hidden=True, flat_shadow=True, gusts=12),
    "blizzard": Weather(sky=0.88, veil=0.62, sun_hidden=True, flat_shadow=True, snow=330, gusts=8, white_ground=True),
}
_UNSAID_WEATHER = Weather(clouds=2)

#: Grading as (paper, graphite) colours; None keeps the time of day's own.
_GRADES: Mapping[str, tuple[Colour, Colour]] = {
    "warm": ((255, 243, 222), (58, 38, 24)),
    "cool": ((236, 243, 250), (24, 36, 54)),
    "teal-orange": ((255, 243, 226), (16, 50, 56)),
    "high-contrast": ((255, 255, 252), (10, 10, 12)),
    "desaturated": ((243, 243, 241), (52, 52, 53)),
    "black-and-white": ((250, 250, 250), (26, 26, 26)),
    "vivid": ((255, 250, 236), (34, 16, 48)),
    "low-contrast": ((240, 239, 236), (96, 94, 94)),
    "earth": ((247, 236, 216), (66, 52, 34)),
    "green": ((238, 246, 232), (28, 48, 36)),
    "bleach-bypass": ((246, 247, 246), (22, 25, 27)),
    "cross-processed": ((250, 248, 214), (18, 58, 50)),
    "technicolor": ((255, 246, 226), (48, 20, 24)),
    "sepia": ((246, 232, 206), (74, 50, 30)),
    "day-for-night": ((206, 218, 240), (16, 24, 54)),
    "pastel": ((255, 248, 247), (86, 82, 98)),
}
_STYLE_GRADES: Mapping[str, tuple[Colour, Colour]] = {
    "noir": ((248, 248, 248), (8, 8, 9)),
    "vintage-film": ((249, 237, 212), (62, 46, 36)),
    "watercolor": ((251, 249, 244), (52, 60, 82)),
}


def light_for(time_of_day: str, weather: Weather, grading: str, style: str) -> Light:
    light = TIMES.get(time_of_day, _DAY)
    colours = _GRADES.get(grading) or _STYLE_GRADES.get(style)
    if colours:
        light = replace(light, paper=colours[0], graphite=colours[1])
    if style == "noir":
        light = replace(light, sky_high=light.sky_high * 0.6, sky_low=light.sky_low * 0.85, shadow=light.shadow + 0.9)
    ground = 252.0 if weather.white_ground and not light.dark else light.ground
    return replace(
        light,
        sky_high=light.sky_high * weather.sky,
        sky_low=light.sky_low * (1 + weather.sky) / 2,
        ground=ground,
        sun=None if weather.sun_hidden else light.sun,
        moon=light.moon and not weather.sun_hidden,
        rays=light.rays and not weather.sun_hidden,
        shadow=light.shadow * (0.45 if weather.flat_shadow else 1.0),
    )


def weather_for(key: str) -> Weather:
    return WEATHERS.get(key, _UNSAID_WEATHER)
