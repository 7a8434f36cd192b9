"""The activity log of a team. teams/activity.py writes it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.urls import NoReverseMatch, reverse

from core.append_only import AppendOnly, AppendOnlyQuerySet
from teams.models.people import Team, User


class Verb(models.TextChoices):
    """The part before the dot is the kind. The label and the object form a sentence: “deleted take 2”."""

    TEAM_CREATED = "team.made", "created the team"
    TEAM_RENAMED = "team.renamed", "renamed the team"
    SECOND_FACTOR_REQUIRED = "team.second_factor_required", "required a second factor"
    SECOND_FACTOR_NOT_REQUIRED = "team.second_factor_not_required", "stopped requiring a second factor"

    INVITED = "member.invited", "invited"
    INVITED_AGAIN = "member.invited_again", "resent the invitation to"
    INVITATION_REVOKED = "member.invitation_revoked", "revoked the invitation for"
    JOINED = "member.joined", "joined"
    ROLE_CHANGED = "member.role_changed", "changed the role of"
    REMOVED = "member.removed", "removed"
    LEFT = "member.left", "left"

    PROJECT_CREATED = "project.created", "created a project"
    PROJECT_DELETED = "project.deleted", "deleted a project"
    PROJECT_RESTORED = "project.restored", "restored a project"

    SCENES_DELETED = "scene.deleted", "deleted"
    SCENES_RESTORED = "scene.restored", "restored"
    SCENES_CHANGED = "scene.changed", "changed"
    CHANGES_UNDONE = "scene.undone", "undid a change to"
    SCRIPT_IMPORTED = "scene.imported", "imported"

    TAKES_GENERATED = "take.generated", "generated"
    PICTURES_GENERATED = "take.pictures", "generated"
    TAKE_CANCELLED = "take.cancelled", "cancelled"
    TAKE_DELETED = "take.deleted", "deleted"
    TAKE_RESTORED = "take.restored", "restored"
    TAKE_SELECTED = "take.selected", "selected"
    RESOLVED = "take.looked", "resolved"

    CAP_RAISED = "budget.raised", "raised"
    BUDGET_CHANGED = "budget.changed", "changed"

    PROMPT_EDITED = "prompt.edited", "edited the template"
    PROMPT_RESET = "prompt.reset", "reset the template"

    CONNECTION_ADDED = "connection.added", "added the connection"
    CONNECTION_CHANGED = "connection.changed", "changed the connection"
    CONNECTION_MOVED = "connection.moved", "changed the order of the connection"
    CONNECTION_SWITCHED_ON = "connection.switched_on", "turned on the connection"
    CONNECTION_SWITCHED_OFF = "connection.switched_off", "turned off the connection"
    CONNECTION_REMOVED = "connection.removed", "removed the connection"
    CONNECTION_RESTORED = "connection.restored", "restored the connection"
    CONNECTION_TESTED = "connection.tested", "tested the connection"

    @property
    def kind(self) -> str:
        return self.value.partition(".")[0]


KINDS = {
    "team": "Team",
    "member": "Members",
    "project": "Projects",
    "scene": "Scenes",
    "take": "Takes",
    "budget": "Budget",
    "prompt": "Prompt templates",
    "connection": "Connections",
}


def verb_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Grouped choices for a filter. The first of each group stands for the whole kind."""
    return [
        (KINDS[kind], [(kind, f"All: {KINDS[kind].lower()}"), *((verb.value, str(verb.label)) for verb in verbs)])
        for kind, verbs in groupby(Verb, key=lambda verb: verb.kind)
    ]


def verbs() -> list[tuple[str, Any]]:
    # A callable, so that a new verb needs no migration.
    return Verb.choices


class Activity(AppendOnly):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="activities")
    #: None for a management command and after the account was deleted. The name stays.
    actor = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    actor_name = models.CharField(max_length=254)
    verb = models.CharField(max_length=40, choices=verbs)
    what = models.CharField(max_length=300, blank=True)
    #: The page to link to: a URL name and the id in the URL.
    page = models.CharField(max_length=40, blank=True)
    page_id = models.BigIntegerField(null=True)
    #: A copy instead of a foreign key: projects belong to an app above this one, and may be deleted.
    project_id = models.BigIntegerField(null=True)
    project_title = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    created_at = models.DateTimeField(db_default=Now())

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["team", "-id"], name="activity_of_a_team"),
            models.Index(fields=["team", "actor"], name="activity_by_actor"),
            models.Index(fields=["team", "project_id"], name="activity_by_project"),
        ]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.get_verb_display()} {self.what}".strip()

    @property
    def kind(self) -> str:
        return KINDS[Verb(self.verb).kind]

    @property
    def url(self) -> str:
        """Empty if there is no page to link to."""
        try:
            return reverse(self.page, args=[self.page_id]) if self.page else ""
        except NoReverseMatch:  # the URL name has changed since the entry was written
            return ""
