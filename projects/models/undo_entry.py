from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from projects.models.project import Project
from teams.models import User


class UndoEntry(models.Model):
    """Something that was done to a storyboard, with what it takes to take it back; undoing.py says what `changes` holds."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="acts")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, editable=False)
    #: What the team's log calls it; empty for what is not worth an entry.
    what = models.CharField(max_length=300, blank=True)
    changes = models.JSONField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"UndoEntry {self.pk}"
