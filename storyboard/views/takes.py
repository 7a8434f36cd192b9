"""Generates, cancels, selects and reworks takes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.numbers import format_number, read_integer
from generation import pipeline
from generation.billing.budget import NeedsConfirmation
from generation.connections import Roster, roster_for
from generation.loaders import load_take
from generation.models import Generation, live_takes, next_take_number
from generation.pipeline import Rework
from generation.providers.base import Task
from generation.quoting import quotes
from generation.quoting.quotes import Quote
from generation.takes import actions
from projects.loaders import load_project
from storyboard.forms.rework import ReworkForm
from storyboard.loaders import load_scene
from storyboard.navigation import redirect_to_view
from storyboard.responses import render_refusal, render_scene
from storyboard.scene_page import player_context
from storyboard.views.confirmation import is_confirmed, render_confirmation
from teams.access import current_user
from teams.models import Role


@require_POST
def generate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Generate the take with the number that was on the button: a repeated click finds the number in use.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        number = read_integer(request.POST.get("take", ""), least=1)
    except ValueError:
        return HttpResponseBadRequest("Unknown take. Reload the page, then try again.")
    expected, confirmed = request.GET.get("price"), is_confirmed(request)
    try:
        pipeline.enqueue(scene, number=number, member=current_user(request), expected=expected, confirmed=confirmed)
    except NeedsConfirmation as question:
        return render_confirmation(request, scene.project, question)
    except ValidationError as error:
        return render_refusal(request, scene, error)
    return render_scene(request, scene)


@require_POST
def generate_missing(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Start the scenes and the price that were on the button. If either has changed, nothing starts.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    expected, confirmed = request.POST.get("expected", ""), is_confirmed(request)
    try:
        batch = pipeline.enqueue_missing(project, member=current_user(request), expected=expected, confirmed=confirmed)
    except NeedsConfirmation as question:
        return render_confirmation(request, project, question)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        if batch.left_out:
            messages.warning(request, batch.left_out_because)
        elif not batch.count:
            messages.info(request, "Every scene already has a take or one in progress.")
    return redirect_to_view(request, pk)


@require_POST
def cancel(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Includes takes whose scene or project was deleted while they were in progress.
    take, _ = load_take(request, pk, at_least=Role.EDITOR, deleted_too=True)
    pipeline.cancel(take, current_user(request))
    scene = take.scene
    if scene.deleted_at or scene.project.deleted_at or request.GET.get("from") == "queue":
        return redirect("queue")
    return render_scene(request, scene)


@require_POST
def select(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    try:
        actions.select(take, current_user(request))
    except ValidationError as error:
        return render_refusal(request, take.scene, error)
    if request.GET.get("from") == "compare":
        pair = {name: request.GET.get(name, "") for name in "ab"}
        return redirect(f"{reverse('compare', args=[take.scene_id])}?{urlencode(pair)}")
    return render_scene(request, take.scene)


@require_safe
def player(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The player, with the finished take `take` if there is one, else the take that the board shows.
    scene, role = load_scene(request, pk)
    take_id = request.GET.get("take")
    playing = next((take for take in live_takes(scene) if take.is_done and str(take.pk) == take_id), None)
    can_edit = role.includes(Role.EDITOR)
    context = {"scene": scene, "project": scene.project, "can_edit": can_edit}
    context |= player_context(scene, can_edit=can_edit, playing=playing)
    return render(request, "storyboard/_player.html", context)


@dataclass(frozen=True)
class ReworkChoice:
    """A task that the take's model supports, and its quote."""

    task: Task
    quote: Quote


def list_rework_choices(take: Generation, roster: Roster, seconds: Decimal | None) -> list[ReworkChoice]:
    model = roster.resolve_model(take)
    if model is None or not take.has_remote_clip:
        return []
    # The prompt is a placeholder: an empty one would be a blocker.
    return [
        ReworkChoice(task, quotes.quote_model(take.scene, model, roster, Rework(task, take, "Something", seconds)))
        for task in map(Task, model.supports.tasks)
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def take_rework(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Remix, extend or edit a finished take: the result is a new take of the same scene.
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    scene, roster = take.scene, roster_for(take.team_id)
    form = build_rework_form(request, take, roster)
    if form.is_valid():
        try:
            enqueue_rework(request, take, form)
            return redirect("scene_page", scene.pk)
        except NeedsConfirmation as question:
            return render_confirmation(request, scene.project, question)
        except ValidationError as error:
            form.add_error(None, error)
    context = {"form": form, "take": take, "scene": scene, "project": scene.project}
    context |= {"choices": list_rework_choices(take, roster, form.length), "next_take": next_take_number(scene)}
    return render(request, "storyboard/rework.html", context, status=422 if form.is_bound else 200)


def build_rework_form(request: HtmxHttpRequest, take: Generation, roster: Roster) -> ReworkForm:
    # With the length that is asked for, else the allowed one closest to the scene's.
    model = roster.resolve_model(take)
    extension = model.supports.extend if model else None
    lengths = extension.lengths(made=take.whole_seconds) if extension else []
    usual = format_number(extension.nearest(take.scene.duration, made=take.whole_seconds)) if extension else ""
    return ReworkForm(request.POST or None, lengths, initial={"seconds": request.GET.get("seconds", usual)})


def enqueue_rework(request: HtmxHttpRequest, take: Generation, form: ReworkForm) -> None:
    """Start the rework of a valid form. Raises NeedsConfirmation, ValidationError."""
    model = roster_for(take.team_id).resolve_model(take)
    if model is None:
        raise ValidationError("The model of this take is no longer available. Nothing was started.")
    pipeline.enqueue(
        take.scene,
        number=form.cleaned_data["take"],
        member=current_user(request),
        model=model,
        expected=request.GET.get("price"),
        rework=Rework(
            Task(form.cleaned_data["task"]), take, form.cleaned_data["prompt"], form.cleaned_data.get("seconds")
        ),
        confirmed=is_confirmed(request),
    )
