"""What templates ask about models beside one another. Queries nothing but what the page has loaded."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django import template

from generation import comparison
from projects.models import Project, Scene

register = template.Library()


@register.simple_tag
def gone_models(project: Project, scenes: Iterable[Scene]) -> list[comparison.Gone]:
    return comparison.gone_of(project, scenes)


@register.filter
def roughly(seconds: Decimal) -> str:
    """45 s, 12 min, 1 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
