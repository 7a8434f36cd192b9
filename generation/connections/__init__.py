"""Connections to providers, and the models a team can use through them.

The environment's connections (settings.CONNECTIONS) serve every team. A team's own are rows and come first. A `Roster` holds
what one team can use at one moment: get it from `roster_for` and pass it down. It never holds another team's connections.
Keys leave the rows and the environment only in an `Account`, to be passed to a provider.
"""

from generation.connections.environment import GivenKey, read_environment
from generation.connections.probe import (
    probe_connection,
    refresh_models,
    refresh_stale_models,
)
from generation.connections.resolution import ResolvedConnection
from generation.connections.roster import Roster, resolve_account, roster_for
from generation.connections.served_models import availability_mark, is_retired

__all__ = [
    "GivenKey",
    "ResolvedConnection",
    "Roster",
    "availability_mark",
    "is_retired",
    "probe_connection",
    "read_environment",
    "refresh_models",
    "refresh_stale_models",
    "resolve_account",
    "roster_for",
]
