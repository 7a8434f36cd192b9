"""A small picture for every preset, drawn by these functions and nowhere else.

`drawings()` gives, by field, the SVG of each preset's key; `manage.py draw_presets` writes them into static/img/presets, one
sprite a field, of which pages show one picture by `<use href="camera_move.svg#pan-left">`. A sprite has two kinds of extra
pictures: `none`, where nothing is chosen, and `scene`, what the marks of camera moves are drawn over.

A picture is 96 x 54. Line drawings take the page's colours (currentColor, --on-soft, --raised), so they follow its theme;
pictures of light and colour bring their own. There is neither <style> nor url(#...): policies and <use> allow neither.
"""

from __future__ import annotations

from collections.abc import Mapping

from projects.drawings import angles, grading, lenses, lighting, moves, shots, sky, styles
from projects.drawings.pen import NONE

Pictures = Mapping[str, str]

#: Ids of a sprite that are no preset.
EXTRAS = {"none", "scene"}


def drawings() -> dict[str, Pictures]:
    return {
        "shot_type": shots.SHOTS,
        "camera_angle": angles.ANGLES,
        "camera_move": {"scene": moves.SCENE} | moves.MOVES,
        "lens": lenses.LENSES,
        "depth_of_field": lenses.DEPTHS,
        "lighting": lighting.LIGHTS,
        "time_of_day": sky.TIMES,
        "weather": sky.WEATHERS,
        "visual_style": styles.STYLES,
        "color_grading": grading.GRADES,
    }


def sprite(pictures: Pictures) -> str:
    groups = "\n".join(f'<g id="{key}">{drawing}</g>' for key, drawing in ({"none": NONE} | dict(pictures)).items())
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 54">\n{groups}\n</svg>\n'
