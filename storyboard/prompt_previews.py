"""Prompt previews of a scene, saved or being edited: one for each prompt template."""

from __future__ import annotations

from dataclasses import dataclass

from generation import prompting
from generation.catalogue import Model
from generation.connections import Roster
from generation.prompting import FRAME, TEMPLATES, Template
from generation.providers.registry import is_local
from generation.quoting.eligibility import is_available
from generation.quoting.image_quotes import image_models
from projects.models import Scene


@dataclass(frozen=True)
class Preview:
    """`model` sets the length limit; `is_chosen` if the next take uses this template."""

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
        # Characters above the model's limit.
        return max(0, self.length - self.model.prompt_limit) if self.model.prompt_limit else 0


def build_previews(scene: Scene, roster: Roster) -> list[Preview]:
    # A preview for every template that a known model reads. The animatic reads none.
    chosen = roster.models.get(scene.chosen_model_id)
    previews = []
    for template in TEMPLATES.values():
        if template.name == FRAME:
            previews.append(Preview(template, image_models(roster)[0], prompting.render_frame(scene), False, False))
        elif model := _find_reader(template, chosen, roster):
            is_own = bool(scene.custom_prompt.strip())
            text = prompting.render(scene, model)
            previews.append(Preview(template, model, text, is_own, is_chosen=model == chosen))
    return previews


def _find_reader(template: Template, chosen: Model | None, roster: Roster) -> Model | None:
    # The scene's model if it reads this template, else the first available model that does, else the first.
    readers = [
        model
        for model in roster.models.values()
        if model.kind == "video" and not is_local(model.provider) and prompting.find_template(model) == template
    ]
    if chosen in readers:
        return chosen
    return next((model for model in readers if is_available(model, roster)), readers[0] if readers else None)
