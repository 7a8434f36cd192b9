"""What one button for many scenes would start, and for how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from core.money import money
from core.plurals import count_noun
from generation.catalogue import Model
from generation.connections import Roster
from generation.models import live_takes
from generation.quoting.quotes import Quote, chosen_model, quote_model
from generation.states import Status
from projects.models import Scene


@dataclass(frozen=True)
class Batch:
    """A take for each of some scenes; `left_out` are those that cannot be made, with the reason."""

    quotes: tuple[tuple[Scene, Quote], ...] = ()
    left_out: tuple[tuple[Scene, str], ...] = ()

    @property
    def count(self) -> int:
        return len(self.quotes)

    @property
    def price(self) -> Decimal:
        """Of all of them together."""
        total = Decimal(0)
        for _, quote in self.quotes:
            assert quote.price is not None, "else it is left out"
            total += quote.price
        return total

    @property
    def left_out_because(self) -> str:
        """One sentence per reason, with the scenes it is true of."""
        scenes_of: dict[str, list[str]] = {}
        for scene, reason in self.left_out:
            scenes_of.setdefault(reason, []).append(str(scene.position))
        return " ".join(
            f"Scene{'' if len(numbers) == 1 else 's'} {', '.join(numbers)}: {reason}"
            for reason, numbers in scenes_of.items()
        )

    def __str__(self) -> str:
        """As it stands on the button, and comes back with the click."""
        return f"{count_noun(self.count, 'scene')} · {money(self.price)}"


def plan_batch(scenes: Iterable[Scene], roster: Roster, model: Model | None = None) -> Batch:
    """With each scene's own model unless one is given; reads what `for_cards` has fetched."""
    offers, left_out = [], []
    for scene in scenes:
        try:
            quote = quote_model(scene, model or chosen_model(scene, roster), roster)
        except ValidationError as error:
            left_out.append((scene, " ".join(error.messages)))
            continue
        if quote.is_possible:
            offers.append((scene, quote))
        else:
            left_out.append((scene, " ".join(quote.blockers)))
    return Batch(tuple(offers), tuple(left_out))


def plan_missing(scenes: Iterable[Scene], roster: Roster) -> Batch:
    """What "Generate missing" would start."""
    return plan_batch((scene for scene in scenes if is_missing(scene)), roster)


def is_missing(scene: Scene) -> bool:
    """Whether "Generate missing" means this scene; reads its prefetched takes."""
    return not any(take.is_active or take.is_done or take.status == Status.UNKNOWN for take in live_takes(scene))
