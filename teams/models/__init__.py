from core.append_only import AppendOnly, AppendOnlyQuerySet
from teams.models.activity import Activity, Verb
from teams.models.invitation import Invitation
from teams.models.people import (
    Membership,
    Role,
    SignInLink,
    Team,
    User,
    UserManager,
    team_is_open,
    user_second_factors,
)

__all__ = [
    "Activity",
    "AppendOnly",
    "AppendOnlyQuerySet",
    "Invitation",
    "Membership",
    "Role",
    "SignInLink",
    "Team",
    "User",
    "UserManager",
    "Verb",
    "team_is_open",
    "user_second_factors",
]
