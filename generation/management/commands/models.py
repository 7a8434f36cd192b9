"""Print the model catalogue: sizes, lengths, prices and retirement dates."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.utils import timezone

from generation import connections
from generation.catalogue import Model
from generation.connections import Roster
from generation.management.arguments import find_team
from generation.management.fresh import SelfPreparingCommand

HEADINGS = ("model", "provider", "kind", "sizes", "length", "price", "state")


class Command(SelfPreparingCommand):
    help = "List the models with their sizes, lengths, prices and retirement dates."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", help="include the models of this team's connections")
        parser.add_argument("--json", action="store_true", help="print every catalogue field as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        team_id = find_team(options["team"]).pk if options["team"] else None
        connections.refresh_stale_models()
        self.print(connections.roster_for(team_id, environment_first=True), as_json=options["json"])

    def print(self, roster: Roster, *, as_json: bool) -> None:
        models = roster.models.values()
        if as_json:
            described = [to_json(read_fields(model)) | {"state": describe_state(model, roster)} for model in models]
            self.stdout.write(json.dumps(described, indent=2))
            return
        rows = [HEADINGS, *(build_row(model, roster) for model in models)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def build_row(model: Model, roster: Roster) -> tuple[str, ...]:
    video = model.kind == "video"
    sizes = " ".join(model.resolutions if video else model.image_sizes) + (" or any" if model.free_size else "")
    return (
        model.id,
        model.provider,
        model.kind,
        sizes,
        str(model.seconds) if video else "",
        describe_prices(model),
        describe_state(model, roster),
    )


def describe_prices(model: Model) -> str:
    if model.price_per_second:
        low, high = min(model.price_per_second.values()), max(model.price_per_second.values())
        return f"{low}/s" if low == high else f"{low}-{high}/s"
    prices = [price for qualities in model.price_per_image.values() for price in qualities.values()]
    return f"{min(prices)}-{max(prices)} each" if prices else "unknown"


def describe_state(model: Model, roster: Roster) -> str:
    today = timezone.localdate()
    successor = f"; successor: {model.successor}" if model.successor else ""
    connection = roster.connection_for(model)
    if roster.is_retired(model):
        return f"RETIRED at {model.host} on {model.retired_on}{successor}"
    if connection and model.is_retired(today):
        return f"served by {connection.name}; retired at {model.host} on {model.retired_on}"
    if mark := roster.mark(model):
        return f"{mark}{successor}"
    return "live"


def read_fields(model: Model) -> dict[str, Any]:
    # `dataclasses.asdict` cannot copy read-only mappings.
    values = {name: getattr(model, name) for name in model.__dataclass_fields__}
    tokens = asdict(model.token_prices) if model.token_prices else None
    return values | {"supports": asdict(model.supports), "seconds": asdict(model.seconds), "token_prices": tokens}


def to_json(value: Any) -> Any:
    match value:
        case dict() | MappingProxyType():
            return {key: to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item) for item in value]
        case Decimal() | date():
            return str(value)
        case _:
            return value
