"""One request for images. They become frames or references, which outlive the request."""

from __future__ import annotations

from django.db import models

from generation.models.job import Job, JobQuerySet
from generation.states import ACTIVE
from projects.models import Project, Reference, Scene


class ImageJobQuerySet(JobQuerySet["ImageJob"]):
    pass


class ImageJob(Job):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="image_jobs")
    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, null=True, related_name="image_jobs")
    #: What the images become.
    role = models.CharField(max_length=12, choices=Reference.Role)
    kind = models.CharField(max_length=10, choices=Reference.Kind, blank=True)
    label = models.CharField(max_length=120, blank=True)

    #: A random id in the form, so that the same form sent twice makes one request.
    click = models.UUIDField(null=True, unique=True)
    prompt = models.TextField()
    #: Fields of ImageRequest apart from the prompt; `images` are names of stored files.
    options = models.JSONField(default=dict)
    usage = models.JSONField(default=dict)
    #: Ids of the references that it became.
    made = models.JSONField(default=list)

    objects = ImageJobQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(
                fields=["next_step_at"], name="image_generation_active", condition=models.Q(status__in=sorted(ACTIVE))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} by {self.model_id}"

    @property
    def folder(self) -> str:
        """Of the images that are paid for and not in the row yet (media/spool.py)."""
        return f"spool/{self.file_key.hex}"

    @property
    def team_id(self) -> int:
        return self.project.team_id
