"""Asking for one take, and stopping it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from core.money import money
from generation import catalogue, connections, prompting
from generation.billing import budget
from generation.jobs.dispatch import begin_due
from generation.jobs.lease import NO_LEASE
from generation.models import Generation
from generation.quoting.quotes import Asked, Offer, chosen_model, quote
from generation.states import Status
from projects.models import Audio, Project, Reference, Scene, SceneQuerySet
from teams import activity
from teams.models import User, Verb

#: A second take asked for this soon after the first is the second half of a double click.
DOUBLE_CLICK_SECONDS = 1.0


@dataclass(frozen=True)
class Enqueued:
    take: Generation
    created: bool


@transaction.atomic
@connections.remembered()
def enqueue(
    scene: Scene,
    *,
    number: int,
    member: User,
    model: catalogue.Model | None = None,
    expected: str | None = None,
    asked: Asked | None = None,
    confirmed: bool = True,
) -> Enqueued:
    """Start take `number` of the scene, or find it started already.

    The number is the one the person saw on the button, so a click that arrives twice, from two tabs or two people, makes
    one take. `expected` is the price that stood on the button; without a `model` the scene's own makes it. `asked` is what
    shall be done to a finished take instead of making a new one. Raises ValidationError where the model cannot make this,
    the price is another by now, or the scene is gone; NeedsConfirmation for a price that is asked about first, unless it was
    `confirmed`.
    """
    scenes = lock_scenes(scene.project_id).filter(pk=scene.pk)
    current = scenes.first()
    if current is None:
        raise ValidationError("This scene has been deleted in the meantime.")
    if number < 1 or number > current.next_take_number:
        raise ValidationError("This page is out of date. Reload it, then try again.")
    if number < current.next_take_number:
        return Enqueued(current.takes.get(number=number), created=False)
    since = Now() - timedelta(seconds=DOUBLE_CLICK_SECONDS)
    if just_made := current.takes.filter(created_by=member, created_at__gt=since).last():
        return Enqueued(just_made, created=False)
    take = new_take(current, member, quote(current, model or chosen_model(current), asked), asked)
    price = take.estimated_cost
    if expected is not None and expected != money(price):
        raise ValidationError(
            f"It would cost {money(price)} by now. Nothing was started; press again if that is what you want."
        )
    if not confirmed:
        budget.ask_before(price, current.project)
    take.save()
    budget.reserve([take], current.project)
    about = ("scene_page", current.pk)
    activity.record(Verb.TAKES_GENERATED, member, take.called, project=current.project, page=about, amount=price)
    transaction.on_commit(begin_due, robust=True)
    return Enqueued(take, created=True)


def lock_scenes(project_id: int) -> SceneQuerySet:
    """Keep everybody else from starting takes of this project until the transaction ends; its scenes as they are now."""
    Project.objects.select_for_update(no_key=True).get(pk=project_id)
    return Scene.objects.live().for_cards().filter(project=project_id)


def new_take(scene: Scene, member: User, offered: Offer, asked: Asked | None = None) -> Generation:
    """Not saved yet; of an offer that is possible."""
    assert offered.price is not None
    return Generation(
        scene=scene,
        number=scene.next_take_number,
        created_by=member,
        provider=offered.model.provider,
        connection=offered.connection.row() if offered.connection else None,
        model_id=offered.model.id,
        shot=scene.shot(),
        scene_digest=scene.digest(),
        duration=offered.seconds,
        estimated_cost=offered.price,
        **(_from_clip(asked) if asked else _from_scene(scene, offered)),
    )


def _from_scene(scene: Scene, offered: Offer) -> dict[str, Any]:
    model, aspect_ratio = offered.model, scene.project.aspect_ratio
    width, height = model.sizes[scene.resolution][aspect_ratio]
    return {
        "prompt": prompting.render(scene, model),
        "width": width,
        "height": height,
        "aspect_ratio": aspect_ratio,
        "resolution": scene.resolution,
        "inputs": inputs_of(scene, model),
    }


def _from_clip(asked: Asked) -> dict[str, Any]:
    source = asked.source
    same = {name: getattr(source, name) for name in ("width", "height", "aspect_ratio", "resolution")}
    return {"task": asked.task, "source": source, "prompt": asked.prompt, **same}


def inputs_of(scene: Scene, model: catalogue.Model) -> dict[str, Any]:
    """What the clip is made from besides the prompt, as the row keeps it; only what the model takes."""
    takes = model.takes
    inputs: dict[str, Any] = {}
    for role, taken in ((Reference.Role.START_FRAME, takes.start_frame), (Reference.Role.END_FRAME, takes.end_frame)):
        if taken and (picture := scene.frame(role)):
            inputs[role.value] = {"name": picture.image.name, "fit": picture.fit}
    if takes.references and (references := scene.shown_references()):
        inputs["references"] = [picture.image.name for picture in references]
    if takes.seed and scene.seed is not None:
        inputs["seed"] = scene.seed
    if takes.negative_prompt and scene.negative_prompt:
        inputs["negative_prompt"] = scene.negative_prompt
    if takes.audio == "choice" and scene.audio:
        inputs["audio"] = scene.audio == Audio.ON
    return inputs


@transaction.atomic
def cancel(take: Generation, by: User | None = None) -> bool:
    """Stop the take: at once while it waits, else as soon as whoever works on it notices. False when it is over."""
    row = Generation.objects.filter(pk=take.pk)
    is_news = row.filter(cancel_requested=False).exists()
    changed = {"version": F("version") + 1, "changed_at": Now()}
    waiting = row.lease_free().filter(status=Status.QUEUED)
    # Whoever claimed it and was stopped since must not wake up and send it: its token is gone.
    if waiting.update(status=Status.CANCELLED, finished_at=Now(), actual_cost=Decimal(0), **NO_LEASE, **changed):
        budget.close(take, Decimal(0))
    elif row.active().update(cancel_requested=True, next_step_at=Now(), handed_over_at=None, **changed):
        transaction.on_commit(begin_due, robust=True)
    else:
        return False
    if is_news:
        about = ("scene_page", take.scene_id)
        activity.record(Verb.TAKE_CANCELLED, by, take.called, project=take.scene.project, page=about)
    return True
