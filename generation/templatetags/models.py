"""What templates ask about models beside one another. Queries nothing but what the page has loaded."""

from __future__ import annotations

from collections.abc import Iterable

from django import template

from generation import comparison
from projects.models import Project, Scene
from teams.numbers import roughly

register = template.Library()


@register.simple_tag
def gone_models(project: Project, scenes: Iterable[Scene]) -> list[comparison.Gone]:
    return comparison.gone_of(project, scenes)


register.filter(roughly)
