"""Starts takes for many scenes with one click: all or none, at exactly the price on the button."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from core.plurals import count_noun
from generation.billing import budget
from generation.catalogue import Model
from generation.connections import roster_for
from generation.jobs.dispatch import dispatch_new_work
from generation.media import quota
from generation.models import Generation, next_take_number
from generation.pipeline.enqueue import lock_scenes, new_take
from generation.providers.registry import is_local
from generation.quoting.batches import Batch, plan_batch, plan_missing
from projects.models import Project
from teams import activity
from teams.models import User, Verb


@transaction.atomic
def enqueue_missing(project: Project, *, member: User, expected: str | None = None, confirmed: bool = True) -> Batch:
    """Start a take for every scene that has none finished or in progress and whose model can make it.

    A second click finds none left. `expected` is the count and price on the button. Raises ValidationError if that is out
    of date or over budget, NeedsConfirmation if the price needs a `confirmed` click.
    """
    batch = plan_missing(lock_scenes(project.pk), roster_for(project.team_id))
    _start(project, batch, member, expected, confirmed)
    return batch


@transaction.atomic
def enqueue_chosen(
    project: Project,
    numbers: Mapping[int, int],
    *,
    member: User,
    model: Model | None = None,
    expected: str | None = None,
    confirmed: bool = True,
) -> Batch:
    """Start one more take for each of these scenes. `numbers` maps a scene's id to the take's number.

    A second click finds the numbers in use and starts nothing. Uses each scene's own model unless one is given. Raises as
    `enqueue_missing` does.
    """
    scenes = [scene for scene in lock_scenes(project.pk) if numbers.get(scene.pk) == next_take_number(scene)]
    batch = plan_batch(scenes, roster_for(project.team_id), model)
    _start(project, batch, member, expected, confirmed)
    return batch


def _start(project: Project, batch: Batch, member: User, expected: str | None, confirmed: bool) -> None:
    if not batch.count:
        return
    if expected is not None and expected != str(batch):
        raise ValidationError(f"The batch is now {batch}. Nothing was started; generate again to accept.")
    if not confirmed:
        budget.require_confirmation(batch.price, project)
    if any(is_local(quote.model.provider) for _, quote in batch.quotes):
        quota.require_room(project.team_id)
    takes = Generation.objects.bulk_create(new_take(scene, member, quote) for scene, quote in batch.quotes)
    budget.reserve(takes, project)
    activity.record(Verb.TAKES_GENERATED, member, count_noun(len(takes), "take"), project=project, amount=batch.price)
    transaction.on_commit(dispatch_new_work, robust=True)
