from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from decimal import Decimal
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from core.numbers import MAX_INTEGER
from core.text import file_stem
from previz.shot import Shot
from projects.models.project import Project, Resolution, preset_choices
from projects.models.reference import Reference

SHORT_TEXT = 300
LONG_TEXT = 4_000
MIN_SECONDS = Decimal(1)
MAX_SECONDS = Decimal(60)


class Audio(models.TextChoices):
    """Whether the clip has sound, for models where it is optional."""

    DEFAULT = "", "Model default"
    ON = "on", "With sound"
    OFF = "off", "Silent"


class SceneQuerySet(models.QuerySet["Scene"]):
    def live(self) -> SceneQuerySet:
        return self.filter(deleted_at=None, project__deleted_at=None)

    def with_references(self) -> SceneQuerySet:
        return self.select_related("project__team").prefetch_related("references", "project__references")


class Scene(models.Model):
    """One scene becomes one clip.

    Deleting a scene only sets `deleted_at`, so that it can be restored; its takes and their costs stay.
    """

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
    lighting = models.CharField(max_length=40, blank=True, choices=preset_choices("lighting"))
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
    #: Sent instead of the prompt that the template renders from the fields.
    custom_prompt = models.TextField(max_length=32_000, blank=True)

    model_id = models.CharField("model", max_length=120, blank=True)
    scene_resolution = models.CharField("resolution", max_length=5, choices=Resolution, blank=True)
    seed = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(MAX_INTEGER)])
    audio = models.CharField("sound", max_length=3, choices=Audio, default=Audio.DEFAULT, blank=True)

    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now(), db_index=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = SceneQuerySet.as_manager()

    #: What the clip shows: prompts are rendered from these. The title is for people and never sent.
    SHOT_FIELDS: ClassVar[list[str]] = [
        "action",
        "subject",
        "dialogue",
        "shot_type",
        "camera_angle",
        "camera_move",
        "lens",
        "depth_of_field",
        "location",
        "time_of_day",
        "weather",
        "atmosphere",
        "lighting",
        "light_effects",
        "particles",
        "visual_style",
        "color_grading",
        "motion_quality",
        "physics",
        "continuity",
        "negative_prompt",
        "custom_prompt",
    ]

    #: How the clip is generated, apart from what it shows.
    SETTINGS: ClassVar[list[str]] = ["model_id", "scene_resolution", "seed", "audio"]

    #: Every field that people edit; copied by `duplicate`.
    OWN_FIELDS: ClassVar[list[str]] = ["title", *SHOT_FIELDS, *SETTINGS, "duration", "notes"]

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["project", "position"])]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"

    @property
    def file_stem(self) -> str:
        return f"{self.position:0{self.project.number_width}d}-{file_stem(self.title, 'scene')}"

    def shot(self) -> dict[str, Any]:
        """The fields a prompt is rendered from, with the project's style where the scene's own is empty."""
        shot = {name: getattr(self, name) for name in self.SHOT_FIELDS}
        for name in Project.STYLE_FIELDS:
            shot[name] = shot[name] or getattr(self.project, name)
        return shot | {"number": self.position}

    def frame(self, role: str) -> Reference | None:
        """The scene's start or end frame. Iterates in Python so that prefetched references are used."""
        return next(
            (picture for picture in self.references.all() if picture.role == role and not picture.deleted_at), None
        )

    def shown_references(self) -> list[Reference]:
        """The scene's own references, then the project's."""
        pictures = [*self.references.all(), *(p for p in self.project.references.all() if p.scene_id is None)]
        return [p for p in pictures if p.role == Reference.Role.REFERENCE and not p.deleted_at]

    @property
    def resolution(self) -> str:
        return self.scene_resolution or self.project.resolution

    @property
    def chosen_model_id(self) -> str:
        return self.model_id or self.project.model_id

    @property
    def panel_digest(self) -> str:
        """Changes with what the Previz panel shows, so that its address can be cached forever."""
        values = asdict(Shot.from_fields(self.shot())) | {"size": list(self.project.frame_size)}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def camera_moves(self) -> bool:
        return self.camera_move not in ("", "static")


def scene_field(name: str) -> models.Field[Any, Any]:
    field = Scene._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def field_name(name: str) -> str:
    """The field's name as people read it, such as "camera movement"."""
    return str(scene_field(name).verbose_name)
