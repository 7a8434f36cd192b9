"""One generation of a scene, which people call a take.

See `Job` for who may change it. Deleting a take only marks it: its number and cost stay for good, and its files
until the trash is emptied.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django.db import models

from generation.media_info import MediaInfo, Order
from generation.models.job import Job, JobQuerySet
from generation.providers.base import Task
from generation.providers.description import Kind
from generation.providers.registry import is_local, providers_of_kind
from generation.states import ACTIVE, Status
from projects.models import Scene

NOTE_LENGTH = 2_000


def clip_name(take: Generation, filename: str) -> str:
    return f"{take.folder}/{filename}"


class GenerationQuerySet(JobQuerySet["Generation"]):
    def live(self) -> GenerationQuerySet:
        return self.filter(deleted_at=None)

    def final(self) -> GenerationQuerySet:
        """Done, and not only Previz of a scene for which another model is chosen."""
        scene = models.F("scene__model_id"), models.F("scene__project__model_id")
        chosen = models.Case(models.When(scene__model_id="", then=scene[1]), default=scene[0])
        return self.done().exclude(models.Q(provider__in=providers_of_kind(Kind.LOCAL)) & ~models.Q(model_id=chosen))

    def in_queue(self, queue: str) -> GenerationQuerySet:
        """Rows whose next step belongs to that queue.

        `media` renders or downloads, which takes long; `remote` sends one short request.
        """
        media = models.Q(provider__in=providers_of_kind(Kind.LOCAL)) | models.Q(status=Status.FETCHING)
        return self.filter(media if queue == "media" else ~media)


class Generation(Job):
    FILES = ("clip", "browser_copy", "poster", "filmstrip")

    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, related_name="takes")
    number = models.PositiveIntegerField()

    task = models.CharField(max_length=8, choices=[(task.value, task.name) for task in Task], default=Task.CREATE.value)
    #: The take that it remixes, extends or edits.
    source = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="offspring")
    prompt = models.TextField(blank=True)
    shot = models.JSONField(default=dict)
    #: Of what its model is sent for the scene: quoting/freshness.py compares it with what would be sent now.
    scene_digest = models.CharField(max_length=16)
    #: Size, length and rate as ordered; `media` has those of the clip. Only Previz is rendered at a given rate.
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.DecimalField(max_digits=5, decimal_places=1)
    fps = models.PositiveSmallIntegerField(default=24)
    aspect_ratio = models.CharField(max_length=5, default="16:9")
    resolution = models.CharField(max_length=5, default="720p")
    #: Besides the prompt: names of stored pictures, seed, negative_prompt, audio.
    inputs = models.JSONField(default=dict)

    progress = models.PositiveSmallIntegerField(default=0)
    remote_id = models.TextField(blank=True)
    #: Whether the provider was asked to cancel it: a clip that it then doesn't know is cancelled, not lost.
    cancel_sent = models.BooleanField(default=False)
    #: When a member deleted the clip at the provider. The id stays, for questions to the provider.
    remote_deleted_at = models.DateTimeField(null=True)

    clip = models.FileField(upload_to=clip_name, max_length=200, blank=True)
    poster = models.ImageField(upload_to=clip_name, max_length=200, blank=True)
    #: Ten stills in a row, from start to end.
    filmstrip = models.ImageField(upload_to=clip_name, max_length=200, blank=True)
    clip_bytes = models.PositiveBigIntegerField(default=0)
    clip_seconds = models.DecimalField(max_digits=8, decimal_places=3, null=True)
    #: What the clip is, as `MediaInfo`; empty until there is one.
    media = models.JSONField(default=dict)
    #: How the clip differs from the order, as sentences.
    differences = models.JSONField(default=list)

    #: The copy that browsers play, where they don't play the clip.
    browser_copy = models.FileField(upload_to=clip_name, max_length=200, blank=True)
    #: When a worker makes it next; null if none is needed, or it is made, or that failed.
    copy_due_at = models.DateTimeField(null=True)
    copy_attempt = models.PositiveSmallIntegerField(default=0)
    copy_error = models.CharField(max_length=300, blank=True)

    #: The take that goes into the film.
    is_selected = models.BooleanField(default=False)
    #: When a member selected it; None while it is only the newest.
    selected_at = models.DateTimeField(null=True)
    note = models.TextField(max_length=NOTE_LENGTH, blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)
    #: When the trash was emptied: the row, its number and its cost stay, its files are gone.
    purged_at = models.DateTimeField(null=True, editable=False)

    objects = GenerationQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            # A click names its take's number: the second half of a double click finds it in use.
            models.UniqueConstraint(fields=["scene", "number"], name="one_take_per_number"),
            models.UniqueConstraint(
                fields=["scene"], condition=models.Q(is_selected=True), name="one_selected_take_per_scene"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=Status.COMPLETED) | ~models.Q(clip="") | models.Q(purged_at__isnull=False),
                name="done_has_a_clip",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"], name="generation_active", condition=models.Q(status__in=sorted(ACTIVE))
            ),
            models.Index(fields=["changed_at"], name="generation_changes"),
            models.Index(
                fields=["copy_due_at"], name="generation_copies", condition=models.Q(copy_due_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Take {self.number}"

    @property
    def folder(self) -> str:
        return f"takes/{self.file_key.hex}"

    @property
    def team_id(self) -> int:
        return self.scene.project.team_id

    @property
    def is_previz(self) -> bool:
        """Whether this server rendered it: the scene's camera, not a model's picture of the scene."""
        return is_local(self.provider)

    @property
    def has_remote_clip(self) -> bool:
        """Whether its provider has the finished clip too, as far as is known here."""
        return self.is_done and bool(self.remote_id) and self.remote_deleted_at is None

    @property
    def info(self) -> MediaInfo | None:
        """The clip as measured; None without a clip that can be decoded."""
        return MediaInfo.model_validate(self.media) if self.media else None

    @property
    def order(self) -> Order:
        """What was ordered, where the row tells; the same for a rework as for its source."""
        fps = Fraction(self.fps) if self.is_previz else None
        return Order(self.width, self.height, self.whole_seconds, fps, self.inputs.get("audio"))

    @property
    def is_playable(self) -> bool:
        """Whether browsers play the clip or its copy."""
        return bool(self.browser_copy) or self.info is None or self.info.plays_in_browsers

    @property
    def playing_fps(self) -> float:
        return float(self.info.fps) if self.info else float(self.fps)

    @property
    def files_version(self) -> str:
        return super().files_version + ("-copy" if self.browser_copy else "")

    @property
    def whole_seconds(self) -> Decimal:
        """Length as ordered; that of an extension includes its source."""
        before = self.source.whole_seconds if self.task == Task.EXTEND and self.source else Decimal(0)
        return before + self.duration

    @property
    def download_name(self) -> str:
        """Sorts by scene, and is valid on every file system."""
        return f"{self.scene.file_stem}-take-{self.number}.{self.info.container if self.info else 'mp4'}"

    @property
    def label(self) -> str:
        """Its name outside of its scene's page."""
        return f"take {self.number} of “{self.scene.title}”"
