"""One generation of a scene, which people call a take: a row that knows its next step.

`status` is changed by pipeline.py alone. `version` grows with every change and `changed_at` is the database's time of the
last one; the live stream follows those two.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models.functions import Now
from django.utils.text import slugify

from generation.models.connection import Connection
from generation.providers.base import Task
from generation.providers.registry import LOCAL_RENDERERS
from generation.states import ACTIVE, FINAL, Status
from projects.models import Scene
from teams.models import User


def clip_name(take: Generation, filename: str) -> str:
    return f"takes/{take.pk}/{filename}"


class GenerationQuerySet(models.QuerySet["Generation"]):
    def active(self) -> GenerationQuerySet:
        return self.filter(status__in=ACTIVE)

    def done(self) -> GenerationQuerySet:
        return self.filter(status=Status.COMPLETED)

    def lease_free(self) -> GenerationQuerySet:
        return self.filter(models.Q(lease_expires_at=None) | models.Q(lease_expires_at__lte=Now()))

    def due(self) -> GenerationQuerySet:
        """Rows whose next step may be taken now by whoever claims them."""
        return self.active().lease_free().filter(next_step_at__lte=Now())

    def in_queue(self, queue: str) -> GenerationQuerySet:
        """Rows whose next step belongs to that queue.

        `media` renders here or fetches a finished clip, which takes long; `remote` sends one short request.
        """
        media = models.Q(provider__in=LOCAL_RENDERERS) | models.Q(status=Status.FETCHING)
        return self.filter(media if queue == "media" else ~media)


class Generation(models.Model):
    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, related_name="takes")
    number = models.PositiveIntegerField()
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    provider = models.CharField(max_length=40)
    #: The account it is made with; none for what is rendered here.
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, null=True, related_name="takes")
    model_id = models.CharField(max_length=120)
    task = models.CharField(max_length=8, choices=[(task.value, task.name) for task in Task], default=Task.CREATE.value)
    #: The take that this one remixes, extends or edits.
    source = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="offspring")
    prompt = models.TextField(blank=True)
    shot = models.JSONField(default=dict)
    scene_digest = models.CharField(max_length=16)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.DecimalField(max_digits=5, decimal_places=1)
    fps = models.PositiveSmallIntegerField(default=24)
    aspect_ratio = models.CharField(max_length=5, default="16:9")
    resolution = models.CharField(max_length=5, default="720p")
    #: What it is made from besides the prompt: names of stored pictures, seed, negative_prompt, audio.
    inputs = models.JSONField(default=dict)

    estimated_cost = models.DecimalField(max_digits=12, decimal_places=4)
    actual_cost = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    currency = models.CharField(max_length=3, default="USD")

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    progress = models.PositiveSmallIntegerField(default=0)
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    submitted_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    remote_id = models.TextField(blank=True)
    #: Why it is not under way, and until when about, for people.
    waiting_for = models.CharField(max_length=300, blank=True)
    waiting_until = models.DateTimeField(null=True)

    next_step_at = models.DateTimeField(db_default=Now())
    handed_over_at = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    leased_by = models.ForeignKey("generation.Worker", on_delete=models.SET_NULL, null=True, related_name="leases")

    error_kind = models.CharField(max_length=20, blank=True)
    error_message = models.TextField(blank=True)
    error_code = models.CharField(max_length=120, blank=True)
    error_request_id = models.CharField(max_length=200, blank=True)

    clip = models.FileField(upload_to=clip_name, max_length=200, blank=True)
    poster = models.ImageField(upload_to=clip_name, max_length=200, blank=True)
    clip_bytes = models.PositiveBigIntegerField(default=0)
    clip_seconds = models.DecimalField(max_digits=8, decimal_places=3, null=True)

    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField(db_default=Now())

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            # The number a click asked for: the same click twice finds it taken.
            models.UniqueConstraint(fields=["scene", "number"], name="one_take_per_number"),
            models.CheckConstraint(
                condition=~models.Q(status=Status.COMPLETED) | ~models.Q(clip=""), name="done_has_a_clip"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"], name="generation_active", condition=models.Q(status__in=sorted(ACTIVE))
            ),
            models.Index(fields=["changed_at"], name="generation_changes"),
        ]

    def __str__(self) -> str:
        return f"Take {self.number}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def is_done(self) -> bool:
        return self.status == Status.COMPLETED

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def is_stale(self) -> bool:
        """Whether the scene has changed since in a way that would change the clip."""
        return self.scene_digest != self.scene.digest()

    @property
    def cost(self) -> Decimal:
        return self.estimated_cost if self.actual_cost is None else self.actual_cost

    @property
    def download_name(self) -> str:
        """A name that sorts by scene and says what is in it, of letters every system can store."""
        title = slugify(self.scene.title)[:60] or "scene"
        return f"{self.scene.position:02d}-{title}-take-{self.number}.mp4"

    @property
    def failure(self) -> str:
        """What happened in plain words, for a take that did not succeed."""
        return self.error_message or self.get_status_display()
