"""How much of a team's storage its clips and pictures use, the trash included."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Sum
from django.template.defaultfilters import filesizeformat

from generation.media import trash
from generation.models import Generation
from projects.models import Reference

WARN_AT = 0.8


@dataclass(frozen=True)
class Usage:
    """Sizes in bytes. `limit` is 0 without a quota."""

    clips: int
    pictures: int
    limit: int

    @property
    def used(self) -> int:
        return self.clips + self.pictures

    @property
    def percent(self) -> int:
        return self.used * 100 // self.limit if self.limit else 0

    @property
    def is_nearly_full(self) -> bool:
        return bool(self.limit) and self.used >= self.limit * WARN_AT

    @property
    def is_full(self) -> bool:
        return bool(self.limit) and self.used >= self.limit

    def __str__(self) -> str:
        return f"{_size(self.used)} of {_size(self.limit)}" if self.limit else _size(self.used)


def usage_of(team_id: int) -> Usage:
    clips = Generation.objects.filter(scene__project__team=team_id).aggregate(sum=Sum("clip_bytes"))["sum"]
    # Copies of a project share their files.
    files = Reference.objects.filter(project__team=team_id).order_by().values("image", "image_bytes").distinct()
    return Usage(clips or 0, files.aggregate(sum=Sum("image_bytes"))["sum"] or 0, settings.TEAM_STORAGE_BYTES)


def trash_bytes(team_id: int) -> int:
    takes = trash.takes_in_trash().filter(scene__project__team=team_id).aggregate(sum=Sum("clip_bytes"))["sum"]
    pictures = trash.pictures_in_trash().filter(project__team=team_id).order_by().values("image", "image_bytes")
    return (takes or 0) + (pictures.distinct().aggregate(sum=Sum("image_bytes"))["sum"] or 0)


def require_room(team_id: int) -> None:
    """Raises ValidationError where the storage is full. Only for what costs nothing: what is paid for is always kept."""
    if settings.TEAM_STORAGE_BYTES and (usage := usage_of(team_id)).is_full:
        raise ValidationError(
            f"The team's storage is full: {usage}. Delete takes or projects, then empty the trash under Team, Storage."
        )


def _size(count: int) -> str:
    return str(filesizeformat(count)).replace("\xa0", " ")
