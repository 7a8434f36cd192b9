"""Images from a provider: starts a request, and takes the one step that sends it and stores the result.

A request is sent at most once. The answer holds the images themselves, so it is spooled before anything else happens, and a
step that died in `submitting` continues from the spool. With nothing in the spool the images may have been charged, and no
provider lists them: a person decides.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from core.money import money
from core.plurals import count_noun
from generation.billing import budget
from generation.catalogue import Model
from generation.catalogue.pricing import usage_price
from generation.connections import GivenKey, Roster, resolve_account, roster_for
from generation.jobs import admission
from generation.jobs.dispatch import dispatch_new_work
from generation.jobs.lease import NO_LEASE, CancelRequested, Lease, LeaseLost
from generation.media import spool, storage
from generation.models import ImageJob
from generation.pipeline.submission_slots import NOT_ACCEPTED, claim_slot, requeue_rejected, require_connection_id
from generation.pipeline.transitions import UNCLEAR, end
from generation.providers.base import ErrorKind, ImageProvider, ImageRequest, ImageResult, ProviderError
from generation.providers.registry import image_provider
from generation.quoting import image_quotes
from generation.states import Status
from projects import references
from projects.models import Project, Reference, Scene
from teams import activity
from teams.models import User, Verb

logger = logging.getLogger(__name__)

STORE_AGAIN_SECONDS = 30
OPTIONS = ("size", "quality", "background", "output_format", "compression", "style", "moderation", "count")


@transaction.atomic
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
    roster: Roster | None = None,
    **fields: str,
) -> ImageJob:
    """Start a request for images. `inputs` are names of stored files to edit; they replace the request's `images`.

    A `click` that arrives twice starts one request. Without a `roster` the team's is read under the lock. Raises
    ValidationError with every blocker, one of which is a price other than `expected`; NeedsConfirmation if the price needs a
    `confirmed` click.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if click and (existing := ImageJob.objects.filter(project=project, click=click).first()):
        return existing
    roster = roster or roster_for(project.team_id)
    blockers = image_quotes.image_blockers(model, request, roster, len(inputs))
    connection = roster.connection_for(model)
    if role in Reference.FRAMES and request.count > 1:
        blockers.append("A frame is a single image. Generate several as references.")
    price = image_quotes.request_price(model, request, len(inputs))
    if expected is not None and expected != money(price):
        blockers.append(f"The price is now {money(price)}. Nothing was started; generate again to accept.")
    if blockers:
        raise ValidationError(blockers)
    if not confirmed:
        budget.require_confirmation(price, project)
    assert connection is not None, "a missing connection is a blocker"
    row = ImageJob.objects.create(
        project=project,
        scene=scene,
        role=role,
        created_by=member,
        provider=model.provider,
        connection=connection.ensure_row(),
        model_id=model.id,
        click=click,
        prompt=request.prompt,
        options={name: getattr(request, name) for name in OPTIONS} | {"images": list(inputs)},
        estimated_cost=price,
        **fields,
    )
    budget.reserve([row], project)
    page = ("scene_page", scene.pk) if scene else ("project_edit", project.pk)
    subject = f"{count_noun(request.count, 'image')}: {row.get_role_display().lower()}"
    activity.record(Verb.PICTURES_GENERATED, member, subject, project=project, page=page, amount=row.estimated_cost)
    transaction.on_commit(dispatch_new_work, robust=True)
    return row


@transaction.atomic
def cancel_images(row: ImageJob, by: User | None = None) -> bool:
    """Cancel a queued request. Returns False once it is sent: its images are paid for, and kept."""
    queued = ImageJob.objects.lease_free().filter(pk=row.pk, status=Status.QUEUED)
    changes = {"finished_at": Now(), "actual_cost": Decimal(0), "version": F("version") + 1, "changed_at": Now()}
    if not queued.update(status=Status.CANCELLED, **changes, **NO_LEASE):
        return False
    budget.settle(row, Decimal(0))
    activity.record(Verb.TAKE_CANCELLED, by, f"images: {row.get_role_display().lower()}", project=row.project)
    return True


# -- The step ----------------------------------------------------------------------------------------------------------


def choose_step(row: ImageJob, key: GivenKey | None = None) -> Callable[[Lease[ImageJob]], None]:
    return partial(submit_request if row.status == Status.QUEUED else recover_request, key=key)


def submit_request(lease: Lease[ImageJob], *, key: GivenKey | None = None) -> None:
    """Send the request if there is a free slot, and store the images. Raises ProviderError, CancelRequested, LeaseLost."""
    row = lease.job
    if row.cancel_requested:
        raise CancelRequested
    provider = image_provider(row.provider)
    model = roster_for(row.team_id, key=key).resolve_model(row)
    if not claim_slot(lease):
        return
    try:
        result = _request_images(row, provider, model, key)
    except OSError as error:
        raise ProviderError(ErrorKind.STORAGE, f"An input image can't be read: {error}.") from error
    except ProviderError as error:
        if error.kind in NOT_ACCEPTED:
            requeue_rejected(lease, error)
            return
        if error.kind in UNCLEAR:
            mark_unknown(lease, error)
            return
        raise
    try:
        spool.save(row, result)
    except OSError:  # the images are still in memory, and the media storage may have room for them
        logger.exception("Could not spool the images of request %s.", row.pk)
    try:
        _store_images(lease, result, model)
    except LeaseLost:
        _store_images_late(row, result, model)
    admission.reset_backoff(require_connection_id(row))


def recover_request(lease: Lease[ImageJob], *, key: GivenKey | None = None) -> None:
    """Continue after a step that died: store what is in the spool, else leave it to a person. Never sends anything."""
    try:
        result = spool.load(lease.job)
    except OSError as error:
        _retry_storing(lease, error)
        return
    if result:
        _store_images(lease, result, roster_for(lease.job.team_id, key=key).resolve_model(lease.job))
    else:
        mark_unknown(lease)


def _store_images_late(row: ImageJob, result: ImageResult, model: Model | None) -> None:
    # The lease ran out before the answer came. The images are paid for, so they are kept unless a person has decided.
    unsettled = (Status.SUBMITTING, Status.UNKNOWN)
    late = Lease.reclaim(ImageJob.objects.filter(pk=row.pk, status__in=unsettled, made=[]))
    if late:
        _store_images(late, result, model)
    else:
        logger.error("The images of request %s arrived too late to be used.", row.pk)


def mark_unknown(lease: Lease[ImageJob], error: ProviderError | None = None) -> None:
    message = "The provider did not confirm these images."
    if error:
        message += f" Its answer: {error.message}"
    end(lease, Status.UNKNOWN, error_kind=ErrorKind.UNKNOWN, error_message=message)


def _request_images(row: ImageJob, provider: ImageProvider, model: Model | None, key: GivenKey | None) -> ImageResult:
    options = {name: row.options[name] for name in OPTIONS if row.options.get(name) not in (None, "")}
    with storage.scratch_folder() as folder:
        images = storage.copy_pictures(row.options.get("images", []), folder)
        request = ImageRequest(
            prompt=row.prompt,
            model=row.model_id,
            images=images,
            always_sent=model.always_sent if model else {},
            **options,
        )
        return provider.make(resolve_account(row, key), request)


def _store_images(lease: Lease[ImageJob], result: ImageResult, model: Model | None) -> None:
    """Store every image that can be read, complete the row and empty the spool.

    Raises ProviderError if none can be read, and LeaseLost.
    """
    row = lease.job
    cost = _compute_cost(row, result, model)
    readable, problem = _read_images(result.images)
    if not readable:
        spool.clear(row)
        raise ProviderError(ErrorKind.PROVIDER, f"The provider sent no readable image: {problem}")
    lease.write()
    try:
        with transaction.atomic():
            made = [_add_reference(row, image) for image in readable]
            usage: dict[str, Any] = dict(result.usage)
            end(
                lease,
                Status.COMPLETED,
                actual_cost=cost,
                usage=usage,
                made=made,
                started_at=Now(),
                error_message=problem,
            )
    except OSError as error:
        _retry_storing(lease, error)
    else:
        spool.clear(row)


def _read_images(images: Iterable[bytes]) -> tuple[list[ContentFile[bytes]], str]:
    # Return the images that can be read, and what is wrong with the last of the others.
    readable, problem = [], ""
    for data in images:
        try:
            readable.append(references.check_generated_picture(data))
        except ValidationError as error:
            problem = " ".join(error.messages)
    return readable, problem


def _retry_storing(lease: Lease[ImageJob], error: OSError) -> None:
    # For as long as it takes: the images are paid for, and the spool has them.
    lease.release(
        next_step_in=STORE_AGAIN_SECONDS, waiting_for=f"The images are ready but can't be stored yet: {error}"[:300]
    )


def _add_reference(row: ImageJob, image: ContentFile[bytes]) -> int:
    assert row.created_by is not None, "only a member can start a request"
    fields = {"kind": row.kind, "label": row.label}
    reference = references.add_reference(
        row.project, row.scene, Reference.Role(row.role), image, member=row.created_by, limit=False, **fields
    )
    return reference.pk


def _compute_cost(row: ImageJob, result: ImageResult, model: Model | None) -> Decimal:
    price = usage_price(model, result.usage) if model else None
    return row.estimated_cost if price is None else price
