"""Takes and pictures that need review: a person resolves their unknown status."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core.money import money
from core.slow_work import release_connection
from generation.connections import page_calls, resolve_account, roster_for
from generation.loaders import load_images, load_take
from generation.models import Generation, Job
from generation.pipeline import resolve
from generation.providers.base import ProviderError, RemoteClip
from generation.providers.registry import lister
from generation.states import Status
from storyboard.navigation import redirect_to_pictures
from teams.access import current_user
from teams.models import Role, User

SHOWN_CLIPS = 20


@require_http_methods(["GET", "HEAD", "POST"])
def take_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    needed = Role.EDITOR if request.method == "POST" else Role.VIEWER
    take, role = load_take(request, pk, at_least=needed, deleted_too=True)
    if request.method == "POST":
        try:
            messages.success(request, apply_answer(take, request.POST, current_user(request)))
            return redirect("queue")
        except (ValidationError, ProviderError) as error:
            message = " ".join(error.messages) if isinstance(error, ValidationError) else error.message
            messages.error(request, message)
            return redirect("take_resolve", pk)
    context: dict[str, Any] = {"take": take, "scene": take.scene, "project": take.scene.project}
    context |= {"is_open": take.status == Status.UNKNOWN, "can_edit": role.includes(Role.EDITOR)}
    context["model_name"] = roster_for(take.team_id).model_name(take.model_id)
    is_lost = context["is_open"] and context["can_edit"] and not take.clip
    clips = find_unclaimed_clips(take) if is_lost else None
    context |= {"can_list": clips is not None, "clips": clips or []}
    return render(request, "storyboard/resolve.html", context)


@require_POST
def images_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    # Providers return pictures in the response, so a lost one cannot be looked up: only the charge is decided.
    row, _ = load_images(request, pk, at_least=Role.EDITOR)
    try:
        messages.success(request, close_unknown(row, request.POST.get("answer", ""), current_user(request)))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_pictures(row.project_id, row.scene_id)


def apply_answer(take: Generation, posted: QueryDict, by: User) -> str:
    """Apply the posted decision. Returns a sentence for the person. Raises ValidationError, ProviderError."""
    if take.status != Status.UNKNOWN:
        raise ValidationError(resolve.ALREADY_RESOLVED)
    decision = posted.get("answer", "")
    if decision == "again":
        with page_calls.hold_place(take.team_id):
            is_found = resolve.check_again(take, by)
        if is_found:
            return "Clip found. The take continues."
        raise ValidationError(
            "No clip found that belongs to this take alone, or the provider can't list clips. Check the provider's own page."
        )
    if decision == "accept":
        resolve.accept_clip(take, by)
        return f"Accepted as it is. {money(take.cost)} counted as spent."
    if decision == "made":
        with page_calls.hold_place(take.team_id):
            resolve.use_clip(take, posted.get("clip", ""), by)
        return "The take continues with this clip."
    return close_unknown(take, decision, by)


def close_unknown(row: Job, decision: str, by: User) -> str:
    if row.status != Status.UNKNOWN:
        raise ValidationError(resolve.ALREADY_RESOLVED)
    if decision == "charged":
        resolve.mark_charged(row, by)
        return f"{money(row.cost)} counted as spent."
    if decision == "not-made":
        hold = row.cost
        resolve.mark_not_created(row, by)
        return f"{money(hold)} hold released."
    raise ValidationError("Choose one of the options.")


def find_unclaimed_clips(take: Generation) -> list[RemoteClip] | None:
    """Clips at the provider with the take's prompt that belong to no take.

    None if the provider cannot list clips; empty if it does not answer.
    """
    try:
        account = resolve_account(take)
        provider = lister(take.provider, account)
        if provider is None:
            return None
        release_connection()
        with page_calls.hold_place(take.team_id):
            listed = provider.list_clips(account)
    except ProviderError:  # the page must work while the provider is down: the person can still enter a clip id
        return []
    known = set(
        Generation.objects.filter(remote_id__in=[clip.id for clip in listed]).values_list("remote_id", flat=True)
    )
    return [clip for clip in listed if clip.id not in known and clip.prompt == take.prompt][:SHOWN_CLIPS]
