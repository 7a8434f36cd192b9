"""What people call the models that rows know by their ids."""

from __future__ import annotations

from generation import connections


def model_name(model_id: str, team_id: int) -> str:
    """The name the team's models have it under; the id where none of them has it any more."""
    model = connections.all_models(team_id).get(model_id)
    return model.name if model else model_id
