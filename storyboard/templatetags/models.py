"""What templates ask about models beside one another. Queries nothing but what the page has loaded."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from core.numbers import roughly
from generation.connections import roster_for
from generation.quoting import model_comparison
from projects.models import Project, Scene

register = template.Library()


@register.simple_tag
def gone_models(project: Project, scenes: Iterable[Scene]) -> list[model_comparison.Gone]:
    return model_comparison.gone_of(project, scenes, roster_for(project.team_id))


register.filter(roughly)
