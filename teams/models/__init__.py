from core.append_only import AddedTo, AddedToQuerySet
from teams.models.activity import Activity, Verb
from teams.models.invitation import Invitation
from teams.models.people import (
    Membership,
    Role,
    SignInLink,
    Team,
    User,
    UserManager,
    second_factors_of,
    team_is_open,
)

__all__ = [
    "Activity",
    "AddedTo",
    "AddedToQuerySet",
    "Invitation",
    "Membership",
    "Role",
    "SignInLink",
    "Team",
    "User",
    "UserManager",
    "Verb",
    "second_factors_of",
    "team_is_open",
]
