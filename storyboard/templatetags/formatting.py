"""Filters that format values passed by views. They make no queries and no decisions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from django import template

from core.numbers import format_duration, format_number
from generation.media_info import format_fps
from generation.takes.failures import Failure, explain_failure
from projects import presets

if TYPE_CHECKING:
    from generation.models import Job
    from projects.models import Scene

register = template.Library()
register.filter(format_duration)
register.filter("plain", format_number)


@register.filter
def failure(job: Job) -> Failure | None:
    return explain_failure(job)


@register.filter
def took(job: Job) -> str:
    # Time from start to finished clip: 12 s, 3:04.
    return seconds(Decimal(max(1, round(job.made_in.total_seconds())))) if job.made_in else ""


@register.filter
def seconds(value: Decimal | int | None) -> str:
    # 8 s, 6.5 s, 1:04.
    if value is None:
        return ""
    if value >= 60:
        return f"{int(value) // 60}:{int(value) % 60:02d}"
    return f"{format_number(Decimal(value))} s"


@register.filter
def fps(rate: Fraction) -> str:
    # 24 fps, 23.976 fps.
    return f"{format_fps(rate)} fps"


@register.filter
def total_seconds(scenes: Iterable[Scene]) -> Decimal:
    return sum((scene.duration for scene in scenes), Decimal(0))


register.filter("camera", presets.describe_camera)
