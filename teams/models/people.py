"""Who may do what: people, teams, and what a person may do in a team.

A person sees only teams they are a member of. What they may do there grows from viewer to editor to owner; teams/access.py
turns that into the loaders every view uses.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import ClassVar

from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

#: Recovery codes are a way back to these, not one of them.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """Known by e-mail address, kept in lower case."""

    username = None  # type: ignore[assignment]  # AbstractUser's field is removed on purpose
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=80, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)

    @property
    def has_second_factor(self) -> bool:
        return user_second_factors(self.pk).exists()


def user_second_factors(user_id: int | OuterRef) -> QuerySet[Authenticator]:
    factors: QuerySet[Authenticator] = Authenticator.objects.filter(user=user_id, type__in=SECOND_FACTORS)
    return factors


class Role(models.TextChoices):
    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    OWNER = "owner", "Owner"

    def includes(self, other: Role) -> bool:
        """Whether a member of this role may do all that `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Team(models.Model):
    name = models.CharField(max_length=80)
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User, through="Membership", related_name="teams"
    )
    #: Members without one reach nothing of the team.
    requires_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    def without_second_factor(self) -> QuerySet[User]:
        """The members whom requiring one shuts out until they have set one up."""
        return self.members.exclude(Exists(user_second_factors(OuterRef("pk")))).order_by("name", "email")

    def add(self, user: User, role: Role) -> Membership:
        return Membership.objects.create(team=self, user=user, role=role)


def team_is_open() -> Q:
    """Whether a membership lets its person in: the team may require a second factor they do not have."""
    return Q(team__requires_second_factor=False) | Q(Exists(user_second_factors(OuterRef("user_id"))))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def open(self) -> MembershipQuerySet:
        return self.filter(team_is_open())

    def open_for_user(self, user: User) -> MembershipQuerySet:
        """For queries over the rows of a person's teams: `filter(team__memberships__in=...)`."""
        return self.open().filter(user=user)


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    created_at = models.DateTimeField(db_default=Now())

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}: {self.role}"


class SignInLink(models.Model):
    """A link that signs one person in once. Only its hash is stored."""

    VALID_FOR = timedelta(hours=24)

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"for {self.user}"

    @staticmethod
    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User) -> str:
        """Make the person's only valid link and return its secret; earlier ones stop working."""
        token = secrets.token_urlsafe(24)
        cls.objects.filter(user=user).delete()
        cls.objects.create(user=user, token_hash=cls.digest(token))
        return token

    @classmethod
    def redeem(cls, token: str) -> User | None:
        """The person the link belongs to, the first time it is used within its time; None ever after."""
        links = cls.objects.filter(token_hash=cls.digest(token), created_at__gt=Now() - cls.VALID_FOR)
        link = links.select_related("user").first()
        if link is None or not link.user.is_active:
            return None
        deleted, _ = links.filter(pk=link.pk).delete()
        return link.user if deleted else None
