"""Which accounts there are, as whom a take is made, and which models a team can have.

Accounts of the environment are described by settings.CONNECTIONS and serve every team; a team's own are rows, and come before
them. Keys leave both places only in an `Account` on its way to a provider. What one team has added is never read for another.
"""

from generation.connections.configured import Configured, environment, is_retired, mark_of, with_key
from generation.connections.probe import enqueue_refresh, has_listing, refresh_models, refresh_stale_models, test
from generation.connections.resolution import (
    Roster,
    account_of,
    all_models,
    find,
    for_model,
    model_of,
    remembered,
    roster,
    team_of,
)

__all__ = [
    "Configured",
    "Roster",
    "account_of",
    "all_models",
    "enqueue_refresh",
    "environment",
    "find",
    "for_model",
    "has_listing",
    "is_retired",
    "mark_of",
    "model_of",
    "refresh_models",
    "refresh_stale_models",
    "remembered",
    "roster",
    "team_of",
    "test",
    "with_key",
]
