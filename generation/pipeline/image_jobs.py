"""Pictures made elsewhere: asking for them, and the one step in which they are sent for and kept.

The answer holds the pictures themselves, so it is spooled before anything else happens. A step that died in `submitting`
goes on from there; where nothing had come, they may have been charged, and there is nothing to look up: a person decides.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from core.money import exact, money
from core.plurals import counted
from generation import connections
from generation.billing import budget
from generation.catalogue import Model
from generation.jobs import admission
from generation.jobs.dispatch import begin_due
from generation.jobs.lease import NO_LEASE, CancelRequested, Lease, LeaseLost
from generation.media import spool, storage
from generation.models import ImageGeneration
from generation.pipeline.submission_slots import NOT_ACCEPTED, connection_of, enter, turned_away
from generation.pipeline.transitions import UNCLEAR, end
from generation.providers.base import ErrorKind, ImageProvider, ImageRequest, ImageResult, ProviderError
from generation.providers.registry import image_provider
from generation.quoting import image_eligibility
from generation.quoting.eligibility import why_not
from generation.states import Status
from projects import references
from projects.models import Project, Reference, Scene
from teams import activity
from teams.models import User, Verb

logger = logging.getLogger(__name__)

STORE_AGAIN_SECONDS = 30
OPTIONS = ("size", "quality", "background", "output_format", "compression", "style", "moderation", "count")


@transaction.atomic
@connections.remembered()
def enqueue_images(
    project: Project,
    scene: Scene | None,
    role: Reference.Role,
    model: Model,
    request: ImageRequest,
    *,
    member: User,
    inputs: tuple[str, ...] = (),
    expected: str | None = None,
    confirmed: bool = True,
    click: uuid.UUID | None = None,
    **fields: str,
) -> ImageGeneration:
    """Ask for pictures; `inputs` are names of stored files to edit, in place of the request's `images`.

    A `click` that arrives twice asks once. Raises ValidationError with every obstacle, or where the price is not the one that
    was `expected`; NeedsConfirmation for a price that is asked about first, unless it was `confirmed`.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if click and (asked_already := ImageGeneration.objects.filter(project=project, click=click).first()):
        return asked_already
    obstacles = image_obstacles(project.team_id, model, request, len(inputs))
    connection = connections.for_model(model, project.team_id)
    if role in Reference.FRAMES and request.count > 1:
        obstacles.append("A frame is one picture; for several, ask for references.")
    price = image_eligibility.image_price(model, request.size, request.quality, request.count)
    known = "" if price is None else money(price)
    if expected is not None and expected != known:
        obstacles.append(f"It would cost {known or 'what its tokens cost'} by now. Nothing was started; press again.")
    if price is None and budget.is_capped(project, connection.stored if connection else None):
        obstacles.append(
            f"What this costs is told only afterwards, which no budget can hold to. Choose a size and quality that "
            f"{model.name} has a price for, or another model."
        )
    if obstacles:
        raise ValidationError(obstacles)
    if not confirmed:
        budget.ask_before(price, project)
    assert connection is not None, "its absence is an obstacle"
    row = ImageGeneration.objects.create(
        project=project,
        scene=scene,
        role=role,
        created_by=member,
        provider=model.provider,
        connection=connection.row(),
        model_id=model.id,
        click=click,
        prompt=request.prompt,
        options={name: getattr(request, name) for name in OPTIONS} | {"images": list(inputs)},
        estimated_cost=price or Decimal(0),
        **fields,
    )
    budget.reserve([row], project)
    about = ("scene_page", scene.pk) if scene else ("project_edit", project.pk)
    what = f"{counted(request.count, 'picture')}: {row.get_role_display().lower()}"
    activity.record(Verb.PICTURES_GENERATED, member, what, project=project, page=about, amount=row.estimated_cost)
    transaction.on_commit(begin_due, robust=True)
    return row


@transaction.atomic
def cancel_images(row: ImageGeneration, by: User | None = None) -> bool:
    """Only while they wait: what is being sent is paid for, and kept."""
    waiting = ImageGeneration.objects.lease_free().filter(pk=row.pk, status=Status.QUEUED)
    changes = {"finished_at": Now(), "actual_cost": Decimal(0), "version": F("version") + 1, "changed_at": Now()}
    if not waiting.update(status=Status.CANCELLED, **changes, **NO_LEASE):
        return False
    budget.close(row, Decimal(0))
    activity.record(Verb.TAKE_CANCELLED, by, f"pictures: {row.get_role_display().lower()}", project=row.project)
    return True


def image_obstacles(team_id: int, model: Model, request: ImageRequest, inputs: int = 0) -> list[str]:
    """Everything in the way of these pictures, the account included."""
    found = why_not(model, team_id)
    as_asked = replace(request, images=(Path("picture.png"),) * inputs) if inputs else request
    return found + image_eligibility.image_obstacles(model, as_asked, team_id)


# -- The step ----------------------------------------------------------------------------------------------------------


def step_of(row: ImageGeneration) -> Callable[[Lease[ImageGeneration]], None]:
    return make if row.status == Status.QUEUED else finish


def make(lease: Lease[ImageGeneration]) -> None:
    row = lease.take
    if row.cancel_requested:
        raise CancelRequested
    provider = image_provider(row.provider)
    if not enter(lease):
        return
    try:
        result = _ask(row, provider)
    except OSError as error:
        raise ProviderError(ErrorKind.STORAGE, f"A picture cannot be read: {error}. Nothing was sent.") from error
    except ProviderError as error:
        if error.kind in NOT_ACCEPTED:
            turned_away(lease, error)
            return
        if error.kind in UNCLEAR:
            leave_to_a_person(lease, error)
            return
        raise
    try:
        spool.put(row.pk, result)
    except OSError:
        logger.exception("The pictures of request %s could not be spooled.", row.pk)
    try:
        _keep(lease, result)
    except LeaseLost:
        _keep_late(row, result)
    admission.welcomed(connection_of(row))


def finish(lease: Lease[ImageGeneration]) -> None:
    """A step that died: what came is kept."""
    try:
        result = spool.take(lease.take.pk)
    except OSError as error:
        _not_stored(lease, error)
        return
    if result:
        _keep(lease, result)
    else:
        leave_to_a_person(lease)


def _keep_late(row: ImageGeneration, result: ImageResult) -> None:
    """Another worker took over while the provider was asked, and could only leave it to a person."""
    open_still = (Status.SUBMITTING, Status.UNKNOWN)
    late = Lease.reclaim(ImageGeneration.objects.filter(pk=row.pk, status__in=open_still, made=[]))
    if late:
        _keep(late, result)
    else:
        logger.error("The pictures of request %s came too late to be used.", row.pk)


def leave_to_a_person(lease: Lease[ImageGeneration], error: ProviderError | None = None) -> None:
    message = "The provider did not say whether it made these pictures."
    if error:
        message += f" Its answer was: {error.message}"
    end(lease, Status.UNKNOWN, error_kind=ErrorKind.UNKNOWN, error_message=message)


def _ask(row: ImageGeneration, provider: ImageProvider) -> ImageResult:
    options = {name: row.options[name] for name in OPTIONS if row.options.get(name) not in (None, "")}
    with storage.scratch_folder() as folder:
        images = []
        for number, name in enumerate(row.options.get("images", [])):
            images.append(folder / f"picture-{number}{Path(name).suffix}")
            with default_storage.open(name) as picture:
                images[-1].write_bytes(picture.read())
        model = connections.model_of(row)
        request = ImageRequest(
            prompt=row.prompt,
            model=row.model_id,
            images=tuple(images),
            always_sent=model.always_sent if model else {},
            **options,
        )
        return provider.make(connections.account_of(row), request)


def _keep(lease: Lease[ImageGeneration], result: ImageResult) -> None:
    """Every picture that was paid for and can be read is kept; the spool is empty afterwards."""
    row = lease.take
    cost = _cost(row, result)
    readable, broken = _as_pictures(result.images)
    if not readable:
        spool.clear(row.pk)
        raise ProviderError(ErrorKind.PROVIDER, f"The provider charged for something that is no picture: {broken}")
    lease.write()
    try:
        with transaction.atomic():
            made = [_put(row, picture) for picture in readable]
            usage: dict[str, Any] = dict(result.usage)
            end(
                lease,
                Status.COMPLETED,
                actual_cost=cost,
                usage=usage,
                made=made,
                started_at=Now(),
                error_message=broken,
            )
    except OSError as error:
        _not_stored(lease, error)
    else:
        spool.clear(row.pk)


def _as_pictures(images: Iterable[bytes]) -> tuple[list[ContentFile[bytes]], str]:
    """Those that can be read, and what is wrong with one that cannot."""
    readable, broken = [], ""
    for data in images:
        try:
            readable.append(references.as_made(data))
        except ValidationError as error:
            broken = " ".join(error.messages)
    return readable, broken


def _not_stored(lease: Lease[ImageGeneration], error: OSError) -> None:
    """Tried again from the spool, for as long as it takes."""
    lease.let_go(next_step_in=STORE_AGAIN_SECONDS, waiting_for=f"They came, and cannot be stored yet: {error}"[:300])


def _put(row: ImageGeneration, picture: ContentFile[bytes]) -> int:
    assert row.created_by is not None, "asked for by somebody"
    fields = {"kind": row.kind, "label": row.label}
    put = references.put(
        row.project, row.scene, Reference.Role(row.role), picture, member=row.created_by, limit=False, **fields
    )
    return put.pk


def _cost(row: ImageGeneration, result: ImageResult) -> Decimal:
    """By the tokens that were counted, where the model is priced by tokens; else as estimated."""
    model = connections.model_of(row)
    tokens = result.usage.get("output_tokens")
    if model is None or tokens is None or model.price_per_million_tokens is None:
        return row.estimated_cost
    return exact(model.price_per_million_tokens * tokens / 1_000_000)
