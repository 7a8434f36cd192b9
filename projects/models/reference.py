from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from projects.models.project import Project
from teams.models import User


def reference_name(reference: Reference, filename: str) -> str:
    """A random name that is never reused, so that a take keeps the picture it was generated from."""
    return f"references/{reference.project_id}/{uuid.uuid4().hex}{Path(filename).suffix}"


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def live(self) -> ReferenceQuerySet:
        return self.filter(deleted_at=None)


class Reference(models.Model):
    """A picture that clips are generated from: a scene's start frame, end frame or reference.

    Without a scene it is a reference of the whole project. Deleting only sets `deleted_at`: takes generated from it
    still need the file. The trash removes it once none does.
    """

    class Role(models.TextChoices):
        START_FRAME = "start_frame", "Start frame"
        END_FRAME = "end_frame", "End frame"
        REFERENCE = "reference", "Reference"

    FRAMES: ClassVar[tuple[str, str]] = (Role.START_FRAME, Role.END_FRAME)

    class Kind(models.TextChoices):
        CHARACTER = "character", "Character"
        LOCATION = "location", "Location"
        OBJECT = "object", "Object"
        STYLE = "style", "Style"

    class Fit(models.TextChoices):
        CROP = "crop", "Crop to fill"
        PAD = "pad", "Pad with black"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="references")
    scene = models.ForeignKey(
        "projects.Scene", on_delete=models.CASCADE, null=True, blank=True, related_name="references"
    )
    role = models.CharField(max_length=12, choices=Role)
    kind = models.CharField(max_length=10, choices=Kind, blank=True)
    label = models.CharField(max_length=120, blank=True)
    fit = models.CharField(max_length=4, choices=Fit, default=Fit.CROP)
    image = models.ImageField(upload_to=reference_name, max_length=200, width_field="width", height_field="height")
    image_bytes = models.PositiveBigIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["scene", "role"],
                condition=models.Q(deleted_at=None, role__in=["start_frame", "end_frame"]),
                name="one_frame_of_a_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(role="reference") | models.Q(scene__isnull=False), name="frames_belong_to_a_scene"
            ),
        ]

    def __str__(self) -> str:
        return self.label or self.get_kind_display() or self.get_role_display()

    @property
    def file_version(self) -> str:
        """Part of the file's address, which browsers cache forever."""
        return Path(self.image.name).stem[:12]
