"""Which template makes the prompt: the team's own copy where it has one, else the one that comes with the product."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from django.conf import settings
from jinja2 import Template as Compiled

from generation.catalogue import Model
from generation.prompting.sandbox import FIELDS, TemplateError, compile_template
from generation.prompting.template_filters import sentence
from generation.providers.registry import PROVIDERS
from projects import presets
from projects.models import Scene

logger = logging.getLogger(__name__)

FOLDER = Path(settings.BASE_DIR) / "templates"
SUFFIX = "_shot_prompt.j2"
COMMON = "sora"
FRAME = "frame"


@dataclass(frozen=True)
class Template:
    """One that comes with the product. `name` is the provider whose models it is written for, or FRAME."""

    name: str
    title: str
    text: str

    @property
    def meaning(self) -> str:
        """What its first line says of it."""
        return self.text.partition("#}")[0].removeprefix("{#").strip()


def _found() -> MappingProxyType[str, Template]:
    paths = {one.name: FOLDER / "video" / f"{one.name}{SUFFIX}" for one in PROVIDERS.values()}
    found = {
        name: Template(name, PROVIDERS[name].family, path.read_text("utf-8"))
        for name, path in paths.items()
        if path.exists()
    }
    still = (FOLDER / "image" / "frame_prompt.j2").read_text("utf-8")
    return MappingProxyType(found | {FRAME: Template(FRAME, "Still", still)})


TEMPLATES = _found()


def find_template(model: Model) -> Template:
    """The one that is written for the model's provider; the common one where there is none."""
    return TEMPLATES.get(model.provider, TEMPLATES[COMMON])


@cache
def _built_in(name: str) -> Compiled:
    return compile_template(TEMPLATES[name].text)


def _chosen(name: str, scene: Scene) -> Compiled:
    """Reads the team's copies, prefetched by for_cards()."""
    project = scene.project
    copies = project.team.prompt_templates.all() if project.team_id else ()
    copy = next((copy for copy in copies if copy.name == name), None)
    if copy is None:
        return _built_in(name)
    try:
        return compile_template(copy.text)
    except TemplateError as error:
        # Kept under an earlier version that allowed more. Its page says so; work goes on meanwhile.
        logger.warning("The %s template of team %s is passed over: %s", name, project.team_id, error)
        return _built_in(name)


def _labelled(scene: Scene) -> dict[str, Any]:
    """The shot with what people read in place of preset keys."""
    named = presets.all_presets()
    shot = scene.shot()
    return {name: presets.label(name, shot[name]) if name in named and shot[name] else shot[name] for name in FIELDS}


def _rendered(template: Compiled, shot: dict[str, Any]) -> str:
    text = template.render(shot=SimpleNamespace(**shot))
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def _shot_for(name: str, scene: Scene, *, avoid: bool) -> dict[str, Any]:
    """What the template of that name is told; without what to `avoid` where that travels in another way."""
    changes: dict[str, Any] = {} if avoid else {"negative_prompt": ""}
    if name == FRAME and scene.depth_of_field == "rack-focus":
        changes["depth_of_field"] = ""
    return _labelled(scene) | changes


def render(scene: Scene, model: Model) -> str:
    """The prompt of this scene for that model's provider; empty fields leave no trace in it.

    A prompt of its own goes before the template. What to avoid is left out where the request has a field for it.
    """
    apart = model.takes.negative_prompt
    if scene.own_prompt.strip():
        avoid = "" if apart else sentence(scene.negative_prompt)
        return f"{scene.own_prompt.strip()}\nAvoid: {avoid}" if avoid else scene.own_prompt.strip()
    name = find_template(model).name
    return _rendered(_chosen(name, scene), _shot_for(name, scene, avoid=not apart))


def draft_own_prompt(scene: Scene, name: str) -> str:
    """What that template makes of the fields, to be gone on with by hand; what to avoid is always added when it is sent."""
    return _rendered(_chosen(name, scene), _shot_for(name, scene, avoid=False))


def render_frame(scene: Scene) -> str:
    """The prompt of one still of this scene: its first moment, without movement or dialogue."""
    return _rendered(_chosen(FRAME, scene), _shot_for(FRAME, scene, avoid=True))


def render_with(text: str, name: str, scene: Scene) -> str:
    """What a template that is still being written makes of the scene. Raises TemplateError."""
    return _rendered(compile_template(text), _shot_for(name, scene, avoid=True))
