"""Users, teams and roles.

A user sees only the teams they are a member of. Each role includes the ones below it: owner, editor, viewer.
teams/access.py enforces this for every view.
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

#: Recovery codes do not count: they exist only beside one of these.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractUser):
    """Identified by e-mail address, which is stored in lower case."""

    username = None  # type: ignore[assignment]  # AbstractUser's field is removed on purpose
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=80, blank=True)
    #: When the user first showed that the address is theirs (teams/address_proof.py).
    address_proven_at = models.DateTimeField(null=True, editable=False)

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
        order = list(Role)
        return order.index(self) >= order.index(other)


class Team(models.Model):
    name = models.CharField(max_length=80)
    members: models.ManyToManyField[User, Membership] = models.ManyToManyField(
        User, through="Membership", related_name="teams"
    )
    #: Members without a second factor have no access to anything of the team.
    requires_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    def without_second_factor(self) -> QuerySet[User]:
        """Members who have no access while the team requires a second factor."""
        return self.members.exclude(Exists(user_second_factors(OuterRef("pk")))).order_by("name", "email")

    def add(self, user: User, role: Role) -> Membership:
        return Membership.objects.create(team=self, user=user, role=role)


def team_is_open() -> Q:
    """For queries on memberships: the team requires no second factor, or the member has one."""
    return Q(team__requires_second_factor=False) | Q(Exists(user_second_factors(OuterRef("user_id"))))


class MembershipQuerySet(models.QuerySet["Membership"]):
    def open(self) -> MembershipQuerySet:
        return self.filter(team_is_open())

    def open_for_user(self, user: User) -> MembershipQuerySet:
        """For queries on rows of a user's teams: `filter(team__memberships__in=...)`."""
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
    """A link that signs a user in once, within VALID_FOR. Only the hash of its token is stored."""

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
        """Returns the token of a new link. The user's earlier links stop working."""
        token = secrets.token_urlsafe(24)
        cls.objects.filter(user=user).delete()
        cls.objects.create(user=user, token_hash=cls.digest(token))
        return token

    @classmethod
    def redeem(cls, token: str) -> User | None:
        """Uses up the link. None if it is unknown, expired, already used, or its user is deactivated.

        Of several concurrent calls one gets the user: the delete decides.
        """
        links = cls.objects.filter(token_hash=cls.digest(token), created_at__gt=Now() - cls.VALID_FOR)
        link = links.select_related("user").first()
        if link is None or not link.user.is_active:
            return None
        deleted, _ = links.filter(pk=link.pk).delete()
        return link.user if deleted else None
