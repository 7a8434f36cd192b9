"""Moves generations along. The only code that changes a status.

`enqueue` makes the row, `advance` takes one step of it under a lease, `cancel` stops it. A step that dies leaves a row that
is due again when its lease runs out; what may then be done depends on its status alone:

- a local render is simply done again;
- a row found in `submitting` may have been charged: it is looked up at the provider, and where that tells nothing a person
  decides (`unknown`); it is never submitted again;
- a row with a provider's id is asked about for as long as the provider knows it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.db.models.functions import Now

from generation import catalogue, connections, frames, media, prompting
from generation.cost import Price
from generation.dispatch import hand_over_due
from generation.lease import CancelRequested, Lease, LeaseLost
from generation.models import Generation
from generation.offers import chosen_model, chosen_offer, quote
from generation.providers.base import ErrorKind, Progress, ProgressState, ProviderError, Request, Shot, Task
from generation.providers.registry import is_local, local_renderer, remote_provider
from generation.states import TRANSITIONS, Status
from projects.models import Audio, Project, Reference, Scene, SceneQuerySet
from teams.models import User

logger = logging.getLogger(__name__)
T = TypeVar("T")

#: A step that killed its worker this often is not tried again.
MAX_ATTEMPTS = 10
PROGRESS_SECONDS = 0.5
#: A submit sends no signs of life; its lease must outlast the client's own timeout.
SUBMIT_SECONDS = 180
LOOK_UP_AFTER_SECONDS = 5
FIRST_POLL_SECONDS = 2

#: A submit that ended so has not been accepted, and may be sent again.
NOT_ACCEPTED = frozenset({ErrorKind.RATE_LIMIT, ErrorKind.NETWORK})
#: After these nobody here knows whether there is a clip.
UNCLEAR = frozenset({ErrorKind.UNKNOWN, ErrorKind.PROVIDER, ErrorKind.LOST})


class IllegalTransition(Exception):
    """A defect: the transition table does not have this step."""


# -- Asking for takes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Enqueued:
    take: Generation
    created: bool


#: A second take asked for this soon after the first is the second half of a double click.
DOUBLE_CLICK_SECONDS = 1.0


@transaction.atomic
def enqueue(
    scene: Scene, *, number: int, member: User, model: catalogue.Model | None = None, expected: str | None = None
) -> Enqueued:
    """Start take `number` of the scene, or find it started already.

    The number is the one the person saw on the button, so a click that arrives twice, from two tabs or two people, makes
    one take. `expected` is the price that stood on the button; without a `model` the scene's own makes it. Raises
    ValidationError where the model cannot make this scene, the price is another by now, or the scene is gone.
    """
    scenes = _lock(scene.project_id).filter(pk=scene.pk)
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
    take = _new_take(current, member, model or chosen_model(current))
    price = Price(take.estimated_cost, take.currency)
    if expected is not None and expected != str(price):
        raise ValidationError(
            f"It would cost {price} by now. Nothing was started; press again if that is what you want."
        )
    take.save()
    transaction.on_commit(hand_over_due, robust=True)
    return Enqueued(take, created=True)


@transaction.atomic
def enqueue_missing(project: Project, *, member: User) -> list[Generation]:
    """A take for every scene that has neither a finished one nor one under way. Pressed twice, the second finds none.

    All or nothing: raises ValidationError naming the first scene that the model cannot make.
    """
    takes = []
    for scene in _lock(project.pk):
        if is_missing(scene):
            try:
                takes.append(_new_take(scene, member, chosen_model(scene)))
            except ValidationError as error:
                reason = " ".join(error.messages)
                raise ValidationError(f"Scene {scene.position}: {reason} Nothing was started.") from error
    Generation.objects.bulk_create(takes)
    transaction.on_commit(hand_over_due, robust=True)
    return takes


def _lock(project_id: int) -> SceneQuerySet:
    """Keep everybody else from starting takes of this project until the transaction ends; its scenes as they are now."""
    Project.objects.select_for_update().get(pk=project_id)
    return Scene.objects.live().for_cards().filter(project=project_id)


def _new_take(scene: Scene, member: User, model: catalogue.Model) -> Generation:
    offered = quote(scene, model)
    assert offered.price is not None
    width, height = model.sizes[scene.resolution][scene.project.aspect_ratio]
    return Generation(
        scene=scene,
        number=scene.next_take_number,
        created_by=member,
        provider=model.provider,
        connection=offered.connection.row() if offered.connection else None,
        model_id=model.id,
        prompt=prompting.render(scene, model),
        shot=scene.shot(),
        scene_digest=scene.digest(),
        width=width,
        height=height,
        aspect_ratio=scene.project.aspect_ratio,
        resolution=scene.resolution,
        inputs=inputs_of(scene, model),
        duration=offered.seconds,
        estimated_cost=offered.price.amount,
        currency=offered.price.currency,
    )


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


@dataclass(frozen=True)
class Missing:
    """What "Generate missing" would start, and for how much."""

    count: int
    price: Price

    def __str__(self) -> str:
        return f"{self.count} scene{'' if self.count == 1 else 's'} · {self.price}"


def missing_of(scenes: Iterable[Scene]) -> Missing:
    """Leaves out what the model cannot make; reads prefetched takes."""
    offers = [chosen_offer(scene) for scene in scenes if is_missing(scene)]
    prices = [offered.price for offered in offers if offered and offered.price and offered.is_possible]
    currency = prices[0].currency if prices else "USD"
    return Missing(len(prices), Price(sum((price.amount for price in prices), Decimal(0)), currency))


def is_missing(scene: Scene) -> bool:
    """Whether "Generate missing" means this scene; reads its prefetched takes."""
    return not any(take.is_active or take.is_done or take.status == Status.UNKNOWN for take in scene.takes.all())


# -- Stopping them -----------------------------------------------------------------------------------------------------


def cancel(take: Generation) -> bool:
    """Stop the take: at once while it waits, else as soon as whoever works on it notices. False when it is over."""
    row = Generation.objects.filter(pk=take.pk)
    changed = {"version": F("version") + 1, "changed_at": Now()}
    waiting = row.lease_free().filter(status=Status.QUEUED)
    if waiting.update(status=Status.CANCELLED, finished_at=Now(), **changed):
        return True
    asked = row.active().update(cancel_requested=True, next_step_at=Now(), handed_over_at=None, **changed)
    if asked:
        transaction.on_commit(hand_over_due, robust=True)
    return bool(asked)


# -- Taking steps ------------------------------------------------------------------------------------------------------


def advance(take_id: int, *, worker_id: int | None = None) -> None:
    """Take the row's next step if it is due and free; otherwise do nothing."""
    lease = Lease.claim(take_id, worker_id)
    if lease is None:
        return
    try:
        _take_step(lease)
    except LeaseLost:
        logger.warning("Take %s was taken over by another worker; dropped what this one had.", take_id)


def _take_step(lease: Lease) -> None:
    try:
        _step_of(lease.take)(lease)
    except CancelRequested:
        _end(lease, Status.CANCELLED, actual_cost=Decimal(0))
    except ProviderError as error:
        _give_up(lease, error)
    except (LeaseLost, OperationalError, InterfaceError):
        raise  # another has it, or the database went away: the lease runs out and the row is due again
    # A defect must end on the card, not in a row that is tried, and crashes, for ever; it is raised again for the log.
    except Exception:
        _give_up(lease, ProviderError(ErrorKind.UNKNOWN, "This server made a mistake; its log has the details."))
        raise


def _step_of(take: Generation) -> Callable[[Lease], None]:
    if is_local(take.provider):
        return _render
    return {
        Status.QUEUED: _submit,
        Status.SUBMITTING: _look_up,
        Status.RUNNING: _poll,
        Status.FETCHING: _fetch,
    }[Status(take.status)]


def _allow(take: Generation, status: Status) -> Status:
    if status not in TRANSITIONS[Status(take.status)]:
        raise IllegalTransition(f"{take.status} -> {status}")
    return status


def _move(lease: Lease, status: Status, **changes: Any) -> None:
    """Change the status and keep the lease."""
    lease.write(status=_allow(lease.take, status), **changes)


def _end(lease: Lease, status: Status, **changes: Any) -> None:
    """Change the status for good, or until a person decides, and let go."""
    lease.let_go(status=_allow(lease.take, status), finished_at=Now(), **changes)


def _give_up(lease: Lease, error: ProviderError) -> None:
    """Failed where it is certain that nothing was bought; else a person has to look."""
    take = lease.take
    may_be_paid = not is_local(take.provider) and take.status != Status.QUEUED
    if may_be_paid and error.kind in UNCLEAR:
        _end(lease, Status.UNKNOWN, **_error_fields(error))
    else:
        _end(lease, Status.FAILED, actual_cost=Decimal(0), **_error_fields(error))


def _error_fields(error: ProviderError) -> dict[str, Any]:
    return {
        "error_kind": error.kind,
        "error_message": error.message,
        "error_code": error.code,
        "error_request_id": error.request_id,
    }


def request_of(take: Generation) -> Request:
    """What the provider is asked for, without the pictures; `with_pictures` adds those."""
    return Request(
        prompt=take.prompt,
        shot=Shot.from_json(take.shot),
        width=take.width,
        height=take.height,
        duration=take.duration,
        fps=take.fps,
        model=take.model_id,
        aspect_ratio=take.aspect_ratio,
        resolution=take.resolution,
        seed=take.inputs.get("seed"),
        negative_prompt=take.inputs.get("negative_prompt", ""),
        audio=take.inputs.get("audio"),
        task=Task(take.task),
        source_id=take.source.remote_id if take.source else "",
    )


@contextmanager
def with_pictures(take: Generation) -> Iterator[Request]:
    """The whole request: frames cut to the clip's exact size, as files that are gone afterwards. Raises OSError."""
    with media.scratch_folder() as folder:
        pictures: dict[str, Any] = {}
        for role in ("start_frame", "end_frame"):
            if frame := take.inputs.get(role):
                with default_storage.open(frame["name"]) as picture:
                    data = frames.fitted(picture, take.width, take.height, frame["fit"])
                pictures[role] = folder / f"{role}.png"
                pictures[role].write_bytes(data)
        references = []
        for number, name in enumerate(take.inputs.get("references", [])):
            references.append(folder / f"reference-{number}{Path(name).suffix}")
            with default_storage.open(name) as picture:
                references[-1].write_bytes(picture.read())
        yield replace(request_of(take), references=tuple(references), **pictures)


def _back_off(attempt: int) -> float:
    """Seconds until the next try: doubling up to five minutes, spread so that many rows do not come back together."""
    return min(300.0, 2.0 ** min(attempt, 9)) * random.uniform(0.5, 1.0)


# -- Rendering here ----------------------------------------------------------------------------------------------------


def _render(lease: Lease) -> None:
    take = lease.take
    if take.cancel_requested:
        raise CancelRequested
    if take.attempt >= MAX_ATTEMPTS:
        raise ProviderError(ErrorKind.UNKNOWN, f"Rendering was cut short {take.attempt} times. Nothing was spent.")
    begin: dict[str, Any] = {"attempt": F("attempt") + 1, "progress": 0, "started_at": Now()}
    if take.status == Status.RUNNING:
        lease.write(**begin)
    else:
        _move(lease, Status.RUNNING, **begin)
    try:
        with media.scratch_file(take.pk, lease.token) as path:
            with with_pictures(take) as request:
                local_renderer(take.provider).render(request, path, _throttled(lease.keep_alive))
            _move(lease, Status.FETCHING, progress=99)
            _store(lease, path)
    except OSError as error:
        raise media.storage_error(error, "Nothing was spent.") from error


def _throttled(tell: Callable[..., None]) -> Callable[[float], None]:
    """Pass on how far the work is, twice a second at most."""
    told_at = time.monotonic()

    def on_progress(fraction: float) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= PROGRESS_SECONDS:
            told_at = time.monotonic()
            tell(progress=min(99, int(fraction * 100)))

    return on_progress


def _store(lease: Lease, path: Path) -> None:
    """Keep the clip and finish the take. Raises media.NotAClip, OSError, LeaseLost."""
    poster = media.inspect(path)
    lease.write()
    kept = media.keep(lease.take.pk, path, poster)
    with transaction.atomic():
        cost = lease.take.cost
        _end(lease, Status.COMPLETED, progress=100, actual_cost=cost, error_kind="", error_message="", **kept)
        Scene.objects.filter(pk=lease.take.scene_id, selected_take=None).update(
            selected_take=lease.take.pk, changed_at=Now()
        )


_runner: asyncio.Runner | None = None


def on_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run it on this process's own event loop, on which the providers' clients keep their connections."""
    global _runner
    if _runner is None:
        _runner = asyncio.Runner()
    return _runner.run(work)


# -- Having it made elsewhere ------------------------------------------------------------------------------------------


def _submit(lease: Lease) -> None:
    """Write ahead, send, write the provider's id: whatever dies in between leaves a row in `submitting`."""
    take = lease.take
    if take.cancel_requested:
        raise CancelRequested
    _move(lease, Status.SUBMITTING, hold_for=SUBMIT_SECONDS, attempt=F("attempt") + 1, submitted_at=Now())
    try:
        account = connections.account_of(take)
        with with_pictures(take) as request:
            remote_id = remote_provider(take.provider).submit(account, request)
    except OSError as error:
        raise ProviderError(
            ErrorKind.STORAGE, f"A picture of this scene cannot be read: {error}. Nothing was sent."
        ) from error
    except ProviderError as error:
        if error.kind in NOT_ACCEPTED:
            lease.let_go(
                status=_allow(take, Status.QUEUED),
                next_step_in=error.retry_after or _back_off(take.attempt),
                error_kind=error.kind,
                error_message=error.message,
            )
        elif error.kind in UNCLEAR:
            lease.let_go(next_step_in=LOOK_UP_AFTER_SECONDS, error_kind=error.kind, error_message=error.message)
        else:
            raise
    else:
        lease.let_go(
            status=_allow(take, Status.RUNNING), remote_id=remote_id, started_at=Now(), next_step_in=FIRST_POLL_SECONDS
        )


def _look_up(lease: Lease) -> None:
    """A submission whose end nobody saw: adopt the clip if the provider has it, else leave it to a person."""
    take = lease.take
    assert take.submitted_at is not None
    try:
        account = connections.account_of(take)
        remote_id = remote_provider(take.provider).find(account, request_of(take), take.submitted_at)
    except ProviderError as error:
        lease.let_go(next_step_in=_back_off(take.attempt), error_kind=error.kind, error_message=error.message)
        return
    if remote_id:
        lease.let_go(status=_allow(take, Status.RUNNING), remote_id=remote_id, started_at=Now())
    else:
        message = "The provider did not say whether it accepted this clip, and it may have been charged."
        _end(lease, Status.UNKNOWN, error_kind=ErrorKind.UNKNOWN, error_message=message)


def _poll(lease: Lease) -> None:
    take = lease.take
    provider = remote_provider(take.provider)
    try:
        account = connections.account_of(take)
        if take.cancel_requested and provider.cancel(account, take.remote_id):
            raise CancelRequested
        progress = on_loop(provider.check(account, take.remote_id))
    except ProviderError as error:
        if error.kind == ErrorKind.LOST:
            raise
        # One bad poll says nothing about the clip.
        lease.let_go(next_step_in=error.retry_after or _poll_delay(take), error_kind=error.kind)
        return
    _apply(lease, progress)


def _apply(lease: Lease, progress: Progress) -> None:
    take = lease.take
    match progress.state:
        case ProgressState.RUNNING:
            wait = progress.poll_after or _poll_delay(take)
            lease.let_go(progress=min(99, progress.percent), next_step_in=wait, error_kind="")
        case ProgressState.DONE:
            told: dict[str, Any] = {} if progress.cost is None else {"actual_cost": progress.cost}
            lease.let_go(status=_allow(take, Status.FETCHING), progress=99, attempt=0, error_kind="", **told)
        case ProgressState.CANCELLED:
            raise CancelRequested
        case ProgressState.FAILED:
            failure = progress.error or ProviderError(ErrorKind.PROVIDER, "The provider gave no reason.")
            _end(lease, Status.FAILED, actual_cost=Decimal(0), **_error_fields(failure))


def _poll_delay(take: Generation) -> float:
    """A tenth of how long it has been going on, within 1 to 15 s, spread by 10 %."""
    elapsed = (take.changed_at - (take.started_at or take.created_at)).total_seconds()
    return min(15.0, max(1.0, elapsed / 10)) * random.uniform(0.95, 1.05)


def _fetch(lease: Lease) -> None:
    """Download a clip that has been paid for: tried again for as long as it takes, and never called failed."""
    take = lease.take
    lease.write(attempt=F("attempt") + 1)
    try:
        with media.scratch_file(take.pk, lease.token) as path:
            account = connections.account_of(take)
            provider = remote_provider(take.provider)
            provider.fetch(account, take.remote_id, path, _throttled(lambda **_: lease.write()))
            _store(lease, path)
    except (ProviderError, media.NotAClip, OSError) as error:
        message = f"The clip is made; downloading it did not work yet: {error}"
        if take.attempt + 1 >= MAX_ATTEMPTS:
            _end(lease, Status.UNKNOWN, error_kind=ErrorKind.PROVIDER, error_message=message)
        else:
            lease.let_go(next_step_in=_back_off(take.attempt), error_message=message)
