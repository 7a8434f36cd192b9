"""Colour grading: one picture, and a strip of its colours, in every grade."""

from projects.drawings.pen import circle, fill_all, path, polygon, rect


def _graded(sky: str, light: str, far: str, ground: str, skin: str, cloth: str, shade: str) -> str:
    view = (
        fill_all(sky)
        + circle(76, 11, 6, light)
        + polygon((-4, 34), (22, 18), (44, 32), (70, 22), (104, 34), (104, 46), (-4, 46), fill=far)
    )
    land = rect(0, 34, 96, 20, ground)
    person = path("M27 46C28 35 33 31 41 30H47C55 31 60 35 61 46Z", cloth) + path(
        "M44 9A8 10 0 0 1 44 29A8 10 0 0 1 44 9Z", skin
    )
    hair = path("M35.5 19C35 10 40 7 44 7C49 7 53 10 52.6 18C49 15 46 13 42 13C39 13 37 15 35.5 19Z", shade)
    half = path("M46 9.3A8 10 0 0 1 46 28.7A13 15 0 0 0 46 9.3Z", shade, fill_opacity=0.35)
    colours = (shade, far, cloth, ground, skin, sky, light)
    strip = "".join(rect(index * 96 / 7, 46, 96 / 7 + 0.2, 8, colour) for index, colour in enumerate(colours))
    return view + land + person + half + hair + strip


GRADES: dict[str, str] = {
    "natural": _graded("#9cc9e8", "#fff7dc", "#7f9c83", "#8dab62", "#e3b391", "#b5493c", "#4b382d"),
    "warm": _graded("#f0cf95", "#fff0c4", "#b48a53", "#b98f45", "#eeb07c", "#b4502b", "#5a3418"),
    "cool": _graded("#9db8d6", "#eaf4ff", "#5f7893", "#5d7a86", "#c3b3b3", "#4d6690", "#22304a"),
    "teal-orange": _graded("#2f8a8f", "#ffd9a0", "#1d5e66", "#1f6f70", "#f2a264", "#d9702e", "#0c3138"),
    "vivid": _graded("#1fa2ff", "#fff23f", "#1f9e4b", "#58c322", "#ffab70", "#f0203c", "#4b1c10"),
    "high-contrast": _graded("#d6ecf8", "#ffffff", "#33443a", "#4b5f2a", "#ffd9b8", "#a01c14", "#0a0705"),
    "low-contrast": _graded("#c3ccd1", "#e2e0d8", "#a3aca6", "#acb39e", "#cdb9aa", "#ad8f8a", "#857d78"),
    "desaturated": _graded("#b9c2c8", "#ecebe6", "#858d88", "#8d9384", "#c4b0a3", "#86706c", "#494340"),
    "pastel": _graded("#c4e3f3", "#fff8dc", "#c3dcc4", "#d6e6b8", "#f8d8c6", "#f3b8c2", "#a88f9d"),
    "earth": _graded("#d9cdb0", "#f3e8c9", "#8a8455", "#8d7c43", "#d2a077", "#9a4a26", "#453322"),
    "green": _graded("#a9c4a2", "#e8f3c8", "#5d7d5b", "#6b8a55", "#bdb887", "#5c7450", "#1f2f22"),
    "bleach-bypass": _graded("#c9ced0", "#ffffff", "#545b5b", "#5e6257", "#d3c6ba", "#5d4341", "#0d0e0f"),
    "cross-processed": _graded("#5fc2b4", "#fff36a", "#2d7a5b", "#a3b82e", "#f5c86c", "#c7357d", "#123c4a"),
    "technicolor": _graded("#3f8fdc", "#ffeeb0", "#2f7d3d", "#4e9a35", "#f2b183", "#d3121f", "#3b1a10"),
    "sepia": _graded("#d9c49c", "#f4e6c6", "#9c7f55", "#a2865a", "#dcc096", "#7c5c37", "#3c2815"),
    "black-and-white": _graded("#c4c4c4", "#f7f7f7", "#7c7c7c", "#8f8f8f", "#c9c9c9", "#585858", "#202020"),
    "day-for-night": _graded("#2a4374", "#b9cdf2", "#1d3057", "#1a2c4c", "#6f86b4", "#2a3c68", "#0a1226"),
}
