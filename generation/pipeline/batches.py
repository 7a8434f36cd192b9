"""One button for many scenes: what it would start and for how much, and starting exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from generation import budget, connections
from generation.catalogue import Model
from generation.cost import Price
from generation.dispatch import begin_due
from generation.models import Generation
from generation.offers import Offer, chosen_model, offer
from generation.pipeline.asking import lock_scenes, new_take
from generation.states import Status
from projects.models import Project, Scene
from teams import activity
from teams.activity import counted
from teams.models import User, Verb


@dataclass(frozen=True)
class Batch:
    """A take for each of some scenes; `left_out` are those that cannot be made, with the reason."""

    offers: tuple[tuple[Scene, Offer], ...] = ()
    left_out: tuple[tuple[Scene, str], ...] = ()

    @property
    def count(self) -> int:
        return len(self.offers)

    @property
    def prices(self) -> list[Price]:
        """One per currency."""
        totals: dict[str, Decimal] = {}
        for _, offered in self.offers:
            assert offered.price is not None, "else it is left out"
            totals[offered.price.currency] = totals.get(offered.price.currency, Decimal(0)) + offered.price.amount
        return [Price(amount, currency) for currency, amount in sorted(totals.items())] or [Price(Decimal(0), "USD")]

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
        return f"{counted(self.count, 'scene')} · {' + '.join(map(str, self.prices))}"


def plan(scenes: Iterable[Scene], model: Model | None = None) -> Batch:
    """With each scene's own model unless one is given; reads what `for_cards` has fetched."""
    offers, left_out = [], []
    for scene in scenes:
        try:
            offered = offer(scene, model or chosen_model(scene))
        except ValidationError as error:
            left_out.append((scene, " ".join(error.messages)))
            continue
        if offered.is_possible:
            offers.append((scene, offered))
        else:
            left_out.append((scene, " ".join(offered.obstacles)))
    return Batch(tuple(offers), tuple(left_out))


def missing_of(scenes: Iterable[Scene]) -> Batch:
    """What "Generate missing" would start."""
    return plan(scene for scene in scenes if is_missing(scene))


def is_missing(scene: Scene) -> bool:
    """Whether "Generate missing" means this scene; reads its prefetched takes."""
    return not any(take.is_active or take.is_done or take.status == Status.UNKNOWN for take in scene.live_takes)


@transaction.atomic
@connections.remembered()
def enqueue_missing(project: Project, *, member: User, expected: str | None = None, confirmed: bool = True) -> Batch:
    """A take for every scene that has neither a finished one nor one under way, and whose model can make it.

    Pressed twice, the second finds none. `expected` is what stood on the button. Raises ValidationError where it would be
    something else by now, or does not fit; NeedsConfirmation unless it was `confirmed`.
    """
    batch = missing_of(lock_scenes(project.pk))
    _start(project, batch, member, expected, confirmed)
    return batch


@transaction.atomic
@connections.remembered()
def enqueue_chosen(
    project: Project,
    numbers: Mapping[int, int],
    *,
    member: User,
    model: Model | None = None,
    expected: str | None = None,
    confirmed: bool = True,
) -> Batch:
    """One more take for each of these scenes, of that number: the same click again finds the numbers taken.

    With each scene's own model unless one is given. Raises as `enqueue_missing` does.
    """
    scenes = [scene for scene in lock_scenes(project.pk) if numbers.get(scene.pk) == scene.next_take_number]
    batch = plan(scenes, model)
    _start(project, batch, member, expected, confirmed)
    return batch


def _start(project: Project, batch: Batch, member: User, expected: str | None, confirmed: bool) -> None:
    if not batch.count:
        return
    if expected is not None and expected != str(batch):
        raise ValidationError(f"It would be {batch} by now. Nothing was started; press again if that is what you want.")
    if not confirmed:
        for price in batch.prices:
            budget.ask_before(price, project)
    made = Generation.objects.bulk_create(new_take(scene, member, offered) for scene, offered in batch.offers)
    budget.reserve(made, project)
    for price in batch.prices:
        count = sum(take.currency == price.currency for take in made)
        told = (price.amount, price.currency)
        activity.record(Verb.TAKES_GENERATED, member, counted(count, "take"), project=project, price=told)
    transaction.on_commit(begin_due, robust=True)
