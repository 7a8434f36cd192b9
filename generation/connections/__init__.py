"""The accounts at providers, and which models a team can use through them.

The environment's connections (settings.CONNECTIONS) serve every team; a team's own are rows and are tried before them. A
`Roster` holds what one team can use at one moment. It is made with `roster_for` and passed to whatever needs it; one team's
roster never holds another team's connections. Keys leave the rows and the environment only in an `Account`, on its way to a
provider.
"""

from generation.connections.environment import GivenKey, read_environment
from generation.connections.probe import (
    enqueue_refresh,
    has_listing,
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
    "enqueue_refresh",
    "has_listing",
    "is_retired",
    "probe_connection",
    "read_environment",
    "refresh_models",
    "refresh_stale_models",
    "resolve_account",
    "roster_for",
]
