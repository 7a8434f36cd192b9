"""Turn command arguments into users, teams and files. Every function raises UsageError for what cannot be used."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management.base import CommandError

from projects import references
from teams.models import Role, Team, User


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130


class UsageError(CommandError):
    """The request cannot be carried out and nothing was started; the message says how to fix it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, returncode=Exit.USAGE)


def find_user(email: str | None) -> User:
    # Without an e-mail address, return the first owner of a team.
    users = User.objects.filter(is_active=True)
    if email:
        matches, problem = users.filter(email__iexact=email), f"No user has the e-mail address {email}."
    else:
        matches, problem = (
            users.filter(memberships__role=Role.OWNER).order_by("pk"),
            "No team has an owner yet. Run “manage.py setup” first.",
        )
    user = matches.first()
    if user is None:
        raise UsageError(problem)
    return user


def find_editable_team(user: User, name: str | None) -> Team:
    # Return the user's first team in which they may generate.
    teams = Team.objects.filter(memberships__user=user, memberships__role__in=[Role.EDITOR, Role.OWNER])
    team = (teams.filter(name=name) if name else teams).order_by("pk").first()
    if team is None:
        raise UsageError(f"{user} is not an editor or owner of {f'a team called {name}' if name else 'any team'}.")
    return team


def find_team(name: str) -> Team:
    # Return any team of the installation: only for administrators, because it ignores membership.
    teams = Team.objects.filter(name=name)[:2]
    if len(teams) != 1:
        raise UsageError(f"{'More than one' if teams else 'No'} team is called {name}.")
    return teams[0]


def read_picture(path: Path) -> ContentFile[bytes]:
    try:
        with path.open("rb") as file:
            return references.clean_picture(file, path.stat().st_size)
    except OSError as error:
        raise UsageError(f"Can't read {path}: {error.strerror}.") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {' '.join(error.messages)}") from error


def check_output(path: Path, *, overwrite: bool) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder. Add a file name.")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"The folder {path.absolute().parent} doesn't exist.")
    if path.exists() and not overwrite:
        raise UsageError(f"{path} already exists. Add --overwrite to replace it.")
