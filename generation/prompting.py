"""From a scene to the text a model is given. Sizes and seconds are parameters and never part of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from generation.catalogue import Model
from projects import presets
from projects.models import Scene


@cache
def environment() -> ImmutableSandboxedEnvironment:
    folder = Path(settings.BASE_DIR) / "templates" / "video"
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )


def render(scene: Scene, model: Model) -> str:
    """The prompt of this scene for that model's provider; empty fields leave no trace in it."""
    named = presets.all_presets()
    shot = {
        name: presets.label(name, value) if name in named and value else value for name, value in scene.shot().items()
    }
    text = environment().get_template(f"{model.provider}_shot_prompt.j2").render(shot=shot)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())
