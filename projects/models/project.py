"""A project: one film, its format, and the style its scenes inherit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.functional import cached_property

from projects import presets
from teams.models import Membership, Team, User


class AspectRatio(models.TextChoices):
    LANDSCAPE = "16:9", "16:9 landscape"
    PORTRAIT = "9:16", "9:16 portrait"
    SQUARE = "1:1", "1:1 square"


class Resolution(models.TextChoices):
    """All resolutions of the catalogue's models; the catalogue says which model supports which."""

    P360 = "360p", "360p"
    P480 = "480p", "480p"
    HD = "720p", "720p"
    P1024 = "1024p", "1024p"
    FULL_HD = "1080p", "1080p"
    UHD = "4k", "4K"


def preset_choices(field: str) -> Callable[[], list[tuple[str, str]]]:
    """Returns the choices as a callable, so that a new preset needs no migration."""
    return partial(presets.choices, field)


#: Long and short edge in pixels, as most models define them.
FRAME_SIZES = {
    Resolution.P360: (640, 360),
    Resolution.P480: (854, 480),
    Resolution.HD: (1280, 720),
    Resolution.P1024: (1792, 1024),
    Resolution.FULL_HD: (1920, 1080),
    Resolution.UHD: (3840, 2160),
}


def frame_size(aspect_ratio: AspectRatio, resolution: Resolution) -> tuple[int, int]:
    """Width and height in pixels."""
    long, short = FRAME_SIZES[resolution]
    match aspect_ratio:
        case AspectRatio.LANDSCAPE:
            return long, short
        case AspectRatio.PORTRAIT:
            return short, long
        case AspectRatio.SQUARE:
            return short, short


class ProjectQuerySet(models.QuerySet["Project"]):
    def live(self) -> ProjectQuerySet:
        return self.filter(deleted_at=None)

    def for_person(self, user: User) -> ProjectQuerySet:
        return self.live().filter(team__memberships__in=Membership.objects.open_for_user(user))


class Project(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(max_length=120)
    aspect_ratio = models.CharField(max_length=5, choices=AspectRatio, default=AspectRatio.LANDSCAPE)
    resolution = models.CharField(max_length=5, choices=Resolution, default=Resolution.HD)
    #: The model of scenes that do not choose their own: a key of the catalogue or of the server's own models.
    model_id = models.CharField("model", max_length=120, default="animatic")
    visual_style = models.CharField(max_length=40, blank=True, choices=preset_choices("visual_style"))
    color_grading = models.CharField(
        "colour grading", max_length=40, blank=True, choices=preset_choices("color_grading")
    )
    lighting = models.CharField(max_length=40, blank=True, choices=preset_choices("lighting"))
    lens = models.CharField(max_length=40, blank=True, choices=preset_choices("lens"))
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    #: Presets that a scene inherits from its project when its own field is empty.
    STYLE_FIELDS: ClassVar[list[str]] = ["visual_style", "color_grading", "lighting", "lens"]

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height in pixels, as most models define them. The model's own entry decides what is sent."""
        return frame_size(AspectRatio(self.aspect_ratio), Resolution(self.resolution))

    @cached_property
    def number_width(self) -> int:
        """Digits of a scene's number in file names, so that they sort in the order of the story. Queries the scenes once."""
        last = self.scenes.filter(deleted_at=None).aggregate(last=models.Max("position"))["last"]
        return max(2, len(str(last or 0)))

    @property
    def aspect_class(self) -> str:
        return f"aspect-{AspectRatio(self.aspect_ratio).name.lower()}"
