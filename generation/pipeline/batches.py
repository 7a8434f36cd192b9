"""Starting takes for many scenes with one click, for exactly the price on the button."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from core.plurals import counted
from generation import connections
from generation.billing import budget
from generation.catalogue import Model
from generation.jobs.dispatch import begin_due
from generation.models import Generation
from generation.pipeline.enqueue import lock_scenes, new_take
from generation.quoting.batches import Batch, missing_of, plan
from projects.models import Project
from teams import activity
from teams.models import User, Verb


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
        budget.ask_before(batch.price, project)
    made = Generation.objects.bulk_create(new_take(scene, member, offered) for scene, offered in batch.offers)
    budget.reserve(made, project)
    activity.record(Verb.TAKES_GENERATED, member, counted(len(made), "take"), project=project, amount=batch.price)
    transaction.on_commit(begin_due, robust=True)
