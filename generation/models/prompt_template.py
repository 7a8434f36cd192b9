from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from teams.models import Team, User


class PromptTemplate(models.Model):
    """A team's copy of a built-in prompt template, used in its place."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="prompt_templates")
    name = models.SlugField(max_length=40)
    text = models.TextField()
    changed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_copy_of_a_template")]

    def __str__(self) -> str:
        return self.name
