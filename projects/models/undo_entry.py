from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from projects.models.project import Project
from teams.models import User


class UndoEntry(models.Model):
    """A change to a storyboard that can be undone. `projects/undo.py` documents the format of `changes`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="acts")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, editable=False)
    #: Its text in the team's activity log; empty if the change is not logged.
    what = models.CharField(max_length=300, blank=True)
    changes = models.JSONField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"UndoEntry {self.pk}"
