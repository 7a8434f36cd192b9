from __future__ import annotations

from django import template

from generation.connections import roster_for
from projects.models import Scene
from storyboard.prompt_previews import Preview, previews_of

register = template.Library()


@register.simple_tag
def prompt_previews(scene: Scene) -> list[Preview]:
    """What each kind of model would be sent for the scene."""
    return previews_of(scene, roster_for(scene.project.team_id))
