"""Prompts from scenes, by the team's copy of a template where it has one, else by the built-in template."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from django.conf import settings
from jinja2 import Template as CompiledTemplate

from generation.catalogue import Model
from generation.prompting.sandbox import FIELDS, TemplateError, compile_template
from generation.prompting.template_filters import sentence
from generation.providers.registry import PROVIDERS
from projects import presets
from projects.models import Scene

logger = logging.getLogger(__name__)

FOLDER = Path(settings.BASE_DIR) / "templates"
SUFFIX = "_shot_prompt.j2"
#: The template for models whose provider has none.
COMMON = "sora"
FRAME = "frame"


@dataclass(frozen=True)
class Template:
    """A built-in template. `name` is the provider whose models it is written for, or FRAME."""

    name: str
    title: str
    text: str

    @property
    def meaning(self) -> str:
        """The comment in its first line, which the team's pages show."""
        return self.text.partition("#}")[0].removeprefix("{#").strip()


def _read_templates() -> MappingProxyType[str, Template]:
    paths = {name: FOLDER / "video" / f"{name}{SUFFIX}" for name in PROVIDERS}
    templates = {
        name: Template(name, PROVIDERS[name].family, path.read_text("utf-8"))
        for name, path in paths.items()
        if path.exists()
    }
    frame = (FOLDER / "image" / "frame_prompt.j2").read_text("utf-8")
    return MappingProxyType(templates | {FRAME: Template(FRAME, "Still", frame)})


TEMPLATES = _read_templates()


def find_template(model: Model) -> Template:
    """The template of the model's provider, else the common one."""
    return TEMPLATES.get(model.provider, TEMPLATES[COMMON])


@cache
def _compile_built_in(name: str) -> CompiledTemplate:
    return compile_template(TEMPLATES[name].text)


def _find_compiled(name: str, scene: Scene) -> CompiledTemplate:
    # No query where the team's copies are prefetched, as for_cards() does.
    project = scene.project
    copies = project.team.prompt_templates.all() if project.team_id else ()
    copy = next((copy for copy in copies if copy.name == name), None)
    if copy is None:
        return _compile_built_in(name)
    try:
        return compile_template(copy.text)
    except TemplateError as error:
        # Saved under an earlier version that allowed more. The template's page shows the error; takes must not wait for it.
        logger.warning("The %s template of team %s is skipped: %s", name, project.team_id, error)
        return _compile_built_in(name)


def _render_lines(template: CompiledTemplate, shot: dict[str, Any]) -> str:
    text = template.render(shot=SimpleNamespace(**shot))
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _template_values(name: str, scene: Scene, *, avoid: bool) -> dict[str, Any]:
    # The fields a template reads, with presets as text. `avoid` is False where the negative prompt is sent separately.
    shot = scene.shot()
    values = {field: shot[field] for field in FIELDS}
    for field in presets.all_presets().keys() & values.keys():
        if key := values[field]:
            values[field] = presets.prompt_text(field, key, still=name == FRAME)
    return values if avoid else values | {"negative_prompt": ""}


def render(scene: Scene, model: Model) -> str:
    """The prompt of this scene for the model's provider; empty fields leave no gaps.

    The scene's custom prompt replaces the template. The negative prompt is left out where the request has a field for it.
    """
    has_own_field = model.supports.negative_prompt
    if scene.custom_prompt.strip():
        avoid = "" if has_own_field else sentence(scene.negative_prompt)
        return f"{scene.custom_prompt.strip()}\nAvoid: {avoid}" if avoid else scene.custom_prompt.strip()
    name = find_template(model).name
    return _render_lines(_find_compiled(name, scene), _template_values(name, scene, avoid=not has_own_field))


def draft_custom_prompt(scene: Scene, name: str) -> str:
    """That template's prompt as a first draft of a custom prompt. Without the negative prompt, which `render` adds."""
    return _render_lines(_find_compiled(name, scene), _template_values(name, scene, avoid=False))


def render_frame(scene: Scene) -> str:
    """The prompt of a still picture of this scene: its first moment, without movement or dialogue."""
    return _render_lines(_find_compiled(FRAME, scene), _template_values(FRAME, scene, avoid=True))


def render_with(text: str, name: str, scene: Scene) -> str:
    """The prompt by an unsaved template text. Raises TemplateError."""
    return _render_lines(compile_template(text), _template_values(name, scene, avoid=True))
