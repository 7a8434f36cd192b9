"""What one button for many scenes starts, and for how much."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from core.money import money
from core.plurals import count_noun, name_numbers
from generation.catalogue import Model
from generation.connections import Roster
from generation.models import Generation, is_final, live_takes
from generation.quoting.freshness import Freshness
from generation.quoting.quotes import Quote, chosen_model, quote_model
from generation.states import Status
from projects.models import Scene


@dataclass(frozen=True)
class Reason:
    """Why some scenes cannot be made."""

    words: str
    positions: tuple[int, ...]

    @property
    def scenes(self) -> str:
        return name_numbers("Scene", self.positions)


@dataclass(frozen=True)
class Batch:
    """One take for each scene in `quotes`; `left_out` are the scenes that cannot be made, with a sentence that says why.

    A scene whose shown take is stale and that owns an up-to-date one is not made: its take in `offers` can be selected.
    """

    quotes: tuple[tuple[Scene, Quote], ...] = ()
    left_out: tuple[tuple[Scene, str], ...] = ()
    offers: tuple[tuple[Scene, Generation], ...] = ()

    @property
    def count(self) -> int:
        return len(self.quotes)

    @property
    def price(self) -> Decimal:
        prices = [quote.price for _, quote in self.quotes if quote.price is not None]
        assert len(prices) == self.count, "a quote without a price is left out"
        return sum(prices, Decimal(0))

    @property
    def left_out_because(self) -> str:
        """One sentence per reason, with its scenes."""
        reasons = group_reasons(self.left_out)
        return " ".join(f"{name_numbers('Scene', reason.positions)}: {reason.words}" for reason in reasons)

    def __str__(self) -> str:
        """The count and price on the button. The click sends it back, and starts nothing if it is out of date."""
        return f"{count_noun(self.count, 'scene')} · {money(self.price)}"


def plan_batch(scenes: Iterable[Scene], roster: Roster, model: Model | None = None) -> Batch:
    """Uses each scene's own model unless one is given. No queries for scenes read by `with_takes`."""
    quotes, left_out, offers = [], [], []
    for scene in scenes:
        if take := Freshness(scene, roster).find_alternative(model):
            offers.append((scene, take))
            continue
        try:
            quote = quote_model(scene, model or chosen_model(scene, roster), roster)
        except ValidationError as error:
            left_out.append((scene, " ".join(error.messages)))
            continue
        if quote.is_possible:
            quotes.append((scene, quote))
        else:
            left_out.append((scene, " ".join(quote.blockers)))
    return Batch(tuple(quotes), tuple(left_out), tuple(offers))


def plan_missing(scenes: Iterable[Scene], roster: Roster) -> Batch:
    """What "Generate missing" starts."""
    return plan_batch((scene for scene in scenes if is_missing(scene)), roster)


def is_missing(scene: Scene) -> bool:
    """Whether the scene has no take that is final, in progress or needs review; reads its prefetched takes."""
    return not any(
        take.is_active or take.status == Status.UNKNOWN or is_final(take, scene) for take in live_takes(scene)
    )


def group_reasons(blocked: Iterable[tuple[Scene, str]]) -> tuple[Reason, ...]:
    """One `Reason` for all scenes that have the same sentence."""
    positions: dict[str, list[int]] = {}
    for scene, words in blocked:
        positions.setdefault(words, []).append(scene.position)
    return tuple(Reason(words, tuple(numbers)) for words, numbers in positions.items())
