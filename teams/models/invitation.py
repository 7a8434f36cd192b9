"""Invitations of an e-mail address to a team, by a link that works once. Only the hash of its token is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from teams.models.people import Role, SignInLink, Team, User


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> InvitationQuerySet:
        """Invitations that can be accepted now, by the database's clock."""
        return self.filter(ending="", created_at__gt=Now() - Invitation.VALID_FOR)

    def for_link(self, token: str) -> InvitationQuerySet:
        return self.filter(token_hash=SignInLink.digest(token))


class Invitation(models.Model):
    """The row stays when it is closed, so that its link can explain why."""

    VALID_FOR: ClassVar[timedelta] = timedelta(days=7)

    class Ending(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REVOKED = "revoked", "Revoked"
        REPLACED = "replaced", "Resent"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField("e-mail address")
    role = models.CharField(max_length=10, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    #: Whether the page showed the link to the inviter, so that it does not prove the address.
    was_shown = models.BooleanField(default=False)
    ending = models.CharField(max_length=8, choices=Ending, blank=True)
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"], condition=models.Q(ending=""), name="one_open_invitation_of_an_address"
            )
        ]
        indexes = [models.Index(fields=["invited_by", "created_at"], name="invitations_of_a_person")]

    def __str__(self) -> str:
        return f"{self.email} to {self.team}"

    def is_for(self, user: User) -> bool:
        return self.email == user.email

    def end(self, ending: Ending) -> bool:
        """Returns True for exactly one of several concurrent calls, and False if it was closed before."""
        rows = Invitation.objects.filter(pk=self.pk, ending="")
        if ending == Invitation.Ending.ACCEPTED:
            rows = rows.open()
        return bool(rows.update(ending=ending, ended_at=Now()))
