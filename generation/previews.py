"""What the models would be sent, one preview for each prompt template, of a scene as it stands or is being written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from generation import connections, prompting
from generation.catalogue import Model
from generation.image_forms import image_models
from generation.obstacles import why_not
from generation.prompting import FRAME, TEMPLATES, Template
from generation.providers.registry import is_local
from projects.models import Project, Scene

#: One scene that says all there is to say, and one that says the least, to judge a template by.
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
LEAST = {"title": "The match", "action": "His hands strike a match."}


@dataclass(frozen=True)
class Preview:
    """`model` is the one whose limit counts; `is_chosen` where the next take is made by this template."""

    template: Template
    model: Model
    text: str
    is_own: bool
    is_chosen: bool

    @property
    def length(self) -> int:
        return len(self.text)

    @property
    def too_many(self) -> int:
        """By how many characters it is too long for the model."""
        return max(0, self.length - self.model.prompt_limit) if self.model.prompt_limit else 0


def previews_of(scene: Scene) -> list[Preview]:
    """For every template that some model here reads; the animatic reads none."""
    team_id = scene.project.team_id
    models = connections.all_models(team_id)
    chosen = models.get(scene.chosen_model_id)
    found = []
    for template in TEMPLATES.values():
        if template.name == FRAME:
            found.append(Preview(template, image_models(team_id)[0], prompting.render_frame(scene), False, False))
        elif model := _reader(template, chosen, models.values(), team_id):
            is_own = bool(scene.own_prompt.strip())
            text = prompting.render(scene, model)
            found.append(Preview(template, model, text, is_own, is_chosen=model == chosen))
    return found


def _reader(template: Template, chosen: Model | None, models: Iterable[Model], team_id: int) -> Model | None:
    """The scene's model where it reads this template, else the first that can be had, else the first."""
    readers = [
        model
        for model in models
        if model.kind == "video" and not is_local(model.provider) and prompting.template_of(model) == template
    ]
    if chosen in readers:
        return chosen
    return next((model for model in readers if not why_not(model, team_id)), readers[0] if readers else None)


@dataclass(frozen=True)
class Sample:
    heading: str
    text: str


def samples_of(text: str, name: str) -> list[Sample]:
    """What a template makes of the most and of the least. Raises TemplateError."""
    cases = {"Every field filled": EVERY_FIELD, "Title and action only": LEAST}
    return [Sample(heading, prompting.render_with(text, name, _scene(fields))) for heading, fields in cases.items()]


def _scene(fields: dict[str, str]) -> Scene:
    return Scene(project=Project(title="A sample"), position=1, duration=Decimal(4), **fields)
