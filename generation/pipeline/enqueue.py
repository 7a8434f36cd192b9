"""Starts one take, and cancels it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from core.money import money
from generation import catalogue, prompting
from generation.billing import budget
from generation.connections import Roster, roster_for
from generation.jobs.dispatch import dispatch_new_work
from generation.jobs.lease import NO_LEASE
from generation.media import quota
from generation.models import Generation, next_take_number, with_takes
from generation.providers.registry import is_local
from generation.quoting.freshness import collect_inputs, request_digest
from generation.quoting.quotes import Quote, Rework, chosen_model, require_quote
from generation.states import Status
from projects.models import Project, Scene
from teams import activity
from teams.models import User, Verb

#: A click for the next take this soon after the last one is the second half of a double click: the page had just updated.
DOUBLE_CLICK_SECONDS = 1.0


@dataclass(frozen=True)
class Enqueued:
    take: Generation
    created: bool


@transaction.atomic
def enqueue(
    scene: Scene,
    *,
    number: int,
    member: User,
    model: catalogue.Model | None = None,
    expected: str | None = None,
    rework: Rework | None = None,
    confirmed: bool = True,
    roster: Roster | None = None,
) -> Enqueued:
    """Start take `number` of the scene, or return the one that exists: repeated clicks make one take.

    The row, its hold on the budget and the activity are one transaction; nothing is sent before it is committed. `number` and
    `expected`, the price, are those on the button. Without a `model` the scene's own is used. `rework` is a remix, extension
    or edit of a finished take. Without a `roster` the team's is read under the lock.

    Raises ValidationError if the model cannot make this, the price has changed, the budget is used up or the scene is gone;
    NeedsConfirmation if the price needs a `confirmed` click.
    """
    scenes = lock_scenes(scene.project_id).filter(pk=scene.pk)
    current = scenes.first()
    if current is None:
        raise ValidationError("This scene has been deleted.")
    if number < 1 or number > next_take_number(current):
        raise ValidationError("This page is out of date. Reload it and try again.")
    if number < next_take_number(current):
        return Enqueued(current.takes.get(number=number), created=False)
    since = Now() - timedelta(seconds=DOUBLE_CLICK_SECONDS)
    if recent := current.takes.filter(created_by=member, created_at__gt=since).last():
        return Enqueued(recent, created=False)
    roster = roster or roster_for(current.project.team_id)
    take = new_take(
        current, member, require_quote(current, model or chosen_model(current, roster), roster, rework), rework
    )
    price = take.estimated_cost
    if expected is not None and expected != money(price):
        raise ValidationError(f"The price is now {money(price)}. Nothing was started; generate again to accept.")
    if not confirmed:
        budget.require_confirmation(price, current.project)
    if is_local(take.provider):
        quota.require_room(current.project.team_id)
    take.save()
    budget.reserve([take], current.project)
    page = ("scene_page", current.pk)
    activity.record(Verb.TAKES_GENERATED, member, take.label, project=current.project, page=page, amount=price)
    transaction.on_commit(dispatch_new_work, robust=True)
    return Enqueued(take, created=True)


def lock_scenes(project_id: int) -> QuerySet[Scene]:
    """Return the project's scenes. Until the transaction ends, no other click can start a take in this project."""
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    return with_takes(Scene.objects.live().filter(project=project_id))


def new_take(scene: Scene, member: User, quote: Quote, rework: Rework | None = None) -> Generation:
    """Build an unsaved take. `quote` must have a price."""
    assert quote.price is not None
    return Generation(
        scene=scene,
        number=next_take_number(scene),
        created_by=member,
        provider=quote.model.provider,
        connection=quote.connection.ensure_row() if quote.connection else None,
        model_id=quote.model.id,
        shot=scene.shot(),
        scene_digest=request_digest(scene, quote.model),
        duration=quote.seconds,
        estimated_cost=quote.price,
        **(_rework_fields(rework) if rework else _scene_fields(scene, quote)),
    )


def _scene_fields(scene: Scene, quote: Quote) -> dict[str, Any]:
    model, aspect_ratio = quote.model, scene.project.aspect_ratio
    width, height = model.sizes[scene.resolution][aspect_ratio]
    return {
        "prompt": prompting.render(scene, model),
        "width": width,
        "height": height,
        "aspect_ratio": aspect_ratio,
        "resolution": scene.resolution,
        "inputs": collect_inputs(scene, model),
    }


def _rework_fields(rework: Rework) -> dict[str, Any]:
    # No size is sent: the provider keeps that of its clip, which may not be what was ordered.
    source, shape = rework.source, rework.source.info or rework.source
    size = {"width": shape.width, "height": shape.height}
    size |= {name: getattr(source, name) for name in ("aspect_ratio", "resolution")}
    return {"task": rework.task, "source": source, "prompt": rework.prompt, **size}


@transaction.atomic
def cancel(take: Generation, by: User | None = None) -> bool:
    """Cancel the take: at once while it is queued, else with its next step. Returns False if it has ended.

    A clip that is finished, or that the provider cannot cancel, is kept: it is paid for.
    """
    row = Generation.objects.filter(pk=take.pk)
    is_first_request = row.filter(cancel_requested=False).exists()
    changed = {"version": F("version") + 1, "changed_at": Now()}
    queued = row.lease_free().filter(status=Status.QUEUED)
    # NO_LEASE also clears the token: a worker that claimed the row and was suspended must not wake up and send it.
    if queued.update(status=Status.CANCELLED, finished_at=Now(), actual_cost=Decimal(0), **NO_LEASE, **changed):
        budget.settle(take, Decimal(0))
    elif row.active().update(cancel_requested=True, next_step_at=Now(), handed_over_at=None, **changed):
        transaction.on_commit(dispatch_new_work, robust=True)
    else:
        return False
    if is_first_request:
        page = ("scene_page", take.scene_id)
        activity.record(Verb.TAKE_CANCELLED, by, take.label, project=take.scene.project, page=page)
    return True
