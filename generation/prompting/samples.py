"""Two sample scenes for the preview of a prompt template: every field filled, and title and action only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from generation.prompting.rendering import render_with
from projects.models import Project, Scene

EVERY_FIELD = {
    "title": "The match",
    "action": "His hands strike a match.\nThe flame trembles, then steadies.\nHe lowers it to the wick.",
    "subject": "An old keeper in a yellow oilskin",
    "dialogue": "KEEPER: Not tonight.\nBOY (whispering): Why not?",
    "shot_type": "close-up",
    "camera_angle": "low",
    "camera_move": "dolly-in",
    "lens": "macro",
    "depth_of_field": "shallow",
    "location": "The lantern room",
    "time_of_day": "night",
    "weather": "rain",
    "atmosphere": "Lonely, patient",
    "lighting": "practicals",
    "light_effects": "The flame is the only light and grows",
    "particles": "Sea fog at the window",
    "visual_style": "cinematic",
    "color_grading": "teal-orange",
    "motion_quality": "Slow and heavy",
    "physics": "The flame leans away from the draught",
    "continuity": "The lamp stands on the sill, to his left",
    "negative_prompt": "Text, logos, extra people",
}
TITLE_AND_ACTION = {"title": "The match", "action": "His hands strike a match."}


@dataclass(frozen=True)
class Sample:
    heading: str
    text: str


def render_samples(text: str, name: str) -> list[Sample]:
    """Raises TemplateError."""
    cases = {"Every field filled": EVERY_FIELD, "Title and action only": TITLE_AND_ACTION}
    return [Sample(heading, render_with(text, name, _scene(fields))) for heading, fields in cases.items()]


def _scene(fields: dict[str, str]) -> Scene:
    return Scene(project=Project(title="A sample"), position=1, duration=Decimal(4), **fields)
