"""Projects and the scenes of their storyboards.

One scene becomes one clip. Deleting a project or scene only marks it, so that it can be brought back; its takes, and what
they cost, stay. Writes that touch more than one scene are in storyboard.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from projects import presets
from teams.models import Team, User

SHORT_TEXT = 300
LONG_TEXT = 4_000
MIN_SECONDS = Decimal(1)
MAX_SECONDS = Decimal(60)


class AspectRatio(models.TextChoices):
    LANDSCAPE = "16:9", "16:9 landscape"
    PORTRAIT = "9:16", "9:16 portrait"
    SQUARE = "1:1", "1:1 square"


class Resolution(models.TextChoices):
    HD = "720p", "720p"
    FULL_HD = "1080p", "1080p"


def preset_choices(field: str) -> Callable[[], list[tuple[str, str]]]:
    """Choices given as a function stay out of migrations: a new preset needs none."""
    return partial(presets.choices, field)


class ProjectQuerySet(models.QuerySet["Project"]):
    def live(self) -> ProjectQuerySet:
        return self.filter(deleted_at=None)

    def for_person(self, user: User) -> ProjectQuerySet:
        return self.live().filter(team__memberships__user=user)


class Project(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="projects")
    title = models.CharField(max_length=120)
    aspect_ratio = models.CharField(max_length=5, choices=AspectRatio, default=AspectRatio.LANDSCAPE)
    resolution = models.CharField(max_length=5, choices=Resolution, default=Resolution.HD)
    visual_style = models.CharField(max_length=40, blank=True, choices=preset_choices("visual_style"))
    color_grading = models.CharField(
        "colour grading", max_length=40, blank=True, choices=preset_choices("color_grading")
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.title

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        short = {Resolution.HD: 720, Resolution.FULL_HD: 1080}[Resolution(self.resolution)]
        long = short * 16 // 9
        match AspectRatio(self.aspect_ratio):
            case AspectRatio.LANDSCAPE:
                return long, short
            case AspectRatio.PORTRAIT:
                return short, long
            case AspectRatio.SQUARE:
                return short, short

    @property
    def aspect_class(self) -> str:
        return f"aspect-{AspectRatio(self.aspect_ratio).name.lower()}"


class SceneQuerySet(models.QuerySet["Scene"]):
    def live(self) -> SceneQuerySet:
        return self.filter(deleted_at=None, project__deleted_at=None)

    def for_cards(self) -> SceneQuerySet:
        """With all that a card shows, in a fixed number of queries."""
        return self.select_related("project").prefetch_related("takes")


class Scene(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="scenes")
    position = models.PositiveIntegerField(default=0)

    title = models.CharField(max_length=120)
    action = models.TextField(max_length=LONG_TEXT)
    duration = models.DecimalField(
        max_digits=4,
        decimal_places=1,
        default=Decimal(4),
        validators=[MinValueValidator(MIN_SECONDS), MaxValueValidator(MAX_SECONDS)],
    )
    subject = models.CharField(max_length=SHORT_TEXT, blank=True)
    dialogue = models.TextField(max_length=LONG_TEXT, blank=True)

    shot_type = models.CharField(max_length=40, blank=True, choices=preset_choices("shot_type"))
    camera_angle = models.CharField(max_length=40, blank=True, choices=preset_choices("camera_angle"))
    camera_move = models.CharField("camera movement", max_length=40, blank=True, choices=preset_choices("camera_move"))
    lens = models.CharField(max_length=40, blank=True, choices=preset_choices("lens"))
    depth_of_field = models.CharField(max_length=40, blank=True, choices=preset_choices("depth_of_field"))

    location = models.CharField(max_length=SHORT_TEXT, blank=True)
    time_of_day = models.CharField(max_length=40, blank=True, choices=preset_choices("time_of_day"))
    weather = models.CharField(max_length=40, blank=True, choices=preset_choices("weather"))
    atmosphere = models.CharField(max_length=SHORT_TEXT, blank=True)
    light_effects = models.CharField(max_length=SHORT_TEXT, blank=True)
    particles = models.CharField(max_length=SHORT_TEXT, blank=True)

    visual_style = models.CharField(max_length=40, blank=True, choices=preset_choices("visual_style"))
    color_grading = models.CharField(
        "colour grading", max_length=40, blank=True, choices=preset_choices("color_grading")
    )

    motion_quality = models.CharField(max_length=SHORT_TEXT, blank=True)
    physics = models.CharField(max_length=SHORT_TEXT, blank=True)
    continuity = models.TextField("continuity notes", max_length=LONG_TEXT, blank=True)
    negative_prompt = models.TextField(max_length=LONG_TEXT, blank=True)
    notes = models.TextField(max_length=LONG_TEXT, blank=True)

    selected_take = models.ForeignKey(
        "generation.Generation", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = SceneQuerySet.as_manager()

    #: What a clip is made from; a take is stale once one of these differs from when it was made.
    SHOT_FIELDS: ClassVar[tuple[str, ...]] = (
        *("title", "action", "subject", "dialogue", "shot_type", "camera_angle", "camera_move", "lens"),
        *("depth_of_field", "location", "time_of_day", "weather", "atmosphere", "light_effects", "particles"),
        *("visual_style", "color_grading", "motion_quality", "physics", "continuity", "negative_prompt"),
    )

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["project", "position"])]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"

    def shot(self) -> dict[str, Any]:
        """The scene as a provider is told it, with the project's style where the scene has none of its own."""
        shot = {name: getattr(self, name) for name in self.SHOT_FIELDS}
        shot["visual_style"] = self.visual_style or self.project.visual_style
        shot["color_grading"] = self.color_grading or self.project.color_grading
        return shot | {"number": self.position}

    def digest(self) -> str:
        """Equal for two states of the scene that would give the same clip; its place in the order does not matter."""
        width, height = self.project.frame_size
        made_from = self.shot() | {"number": 0, "duration": str(self.duration.normalize()), "size": [width, height]}
        return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def latest_take(self) -> Any:
        """The newest take whatever became of it, or None; like the next, from prefetched takes where there are any."""
        return max(self.takes.all(), key=lambda take: take.number, default=None)

    @property
    def shown_take(self) -> Any:
        """The take people see: the selected one, else the newest that is done; None while there is no clip."""
        done = {take.pk: take for take in self.takes.all() if take.is_done}
        return done.get(self.selected_take_id or 0) or max(done.values(), key=lambda take: take.number, default=None)

    @property
    def next_take_number(self) -> int:
        return self.latest_take.number + 1 if self.latest_take else 1

    @property
    def sketch_digest(self) -> str:
        """Changes with the picture of the sketch, so that its address can be cached for ever."""
        return f"{self.digest()}-{self.position}"
