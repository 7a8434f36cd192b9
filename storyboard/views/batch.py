"""Takes for many scenes at once: choose scenes and model, see the total price, generate."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.htmx import HtmxHttpRequest
from core.plurals import count_noun
from generation import pipeline
from generation.billing.budget import NeedsConfirmation
from generation.catalogue import Model
from generation.connections import Roster, roster_for
from generation.models import latest_take, shown_take
from generation.quoting import batches
from generation.quoting.freshness import Freshness
from generation.states import Status
from projects.loaders import load_project
from projects.models import Project, Scene
from storyboard.cards import build_card
from storyboard.forms.batch import BatchForm, take_choice
from storyboard.loaders import live_scenes
from storyboard.views.confirmation import is_confirmed, render_confirmation
from storyboard.views.take_actions import take_pair
from teams.access import current_user
from teams.models import Role


def is_stale(scene: Scene, roster: Roster) -> bool:
    take = shown_take(scene)
    return take is not None and Freshness(scene, roster).is_stale(take)


def has_failed(scene: Scene, roster: Roster) -> bool:
    take = latest_take(scene)
    return take is not None and take.status == Status.FAILED


#: Labels and tests of the page's quick selections, by the value of `which` in the query string.
SELECTIONS: dict[str, tuple[str, Callable[[Scene, Roster], bool]]] = {
    "missing": ("No take", lambda scene, roster: batches.is_missing(scene)),
    "stale": ("Stale", is_stale),
    "failed": ("Failed", has_failed),
    "all": ("All", lambda scene, roster: True),
}


@require_http_methods(["GET", "HEAD", "POST"])
def project_generate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # GET plans the selected scenes; POST generates them for the price that was on the button.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    scenes = live_scenes(project)
    roster = roster_for(project.team_id)
    data = request.POST or read_selection(request.GET, scenes, roster)
    form = BatchForm(data, scenes, roster)
    if form.is_valid() and request.method == "POST":
        return start_batch(request, project, form, roster)
    batch = batches.Batch()
    if form.is_valid():
        chosen = [scene for scene in scenes if scene.pk in form.numbers]
        batch = batches.plan_batch(chosen, roster, find_chosen_model(form, roster))
    takes = data.getlist("take")
    context = {
        "project": project,
        "form": form,
        "batch": batch,
        "rows": [(scene, shown_take(scene), take_choice(scene), take_choice(scene) in takes) for scene in scenes],
        "offers": [(build_card(scene, roster), take) for scene, take in batch.offers],
        "offer_pairs": urlencode({"pair": [take_pair(scene, take) for scene, take in batch.offers]}, doseq=True),
        "planned": [(build_card(scene, roster), quote) for scene, quote in batch.quotes],
        "which": {
            name: (label, sum(test(scene, roster) for scene in scenes)) for name, (label, test) in SELECTIONS.items()
        },
    }
    template = "_batch_plan.html" if request.htmx else "batch.html"
    status = 422 if request.method == "POST" else 200
    return render(request, f"storyboard/{template}", context, status=status)


def read_selection(query: QueryDict, scenes: list[Scene], roster: Roster) -> QueryDict:
    # The form's data: as posted by this page (`take`), from the storyboard (`scene`), or from a link (`which`).
    if "take" in query or "model" in query:
        return query
    _, test = SELECTIONS.get(query.get("which", ""), SELECTIONS["missing"])
    ids = set(query.getlist("scene"))
    selected = [scene for scene in scenes if (str(scene.pk) in ids if ids else test(scene, roster))]
    data = QueryDict(mutable=True)
    data.setlist("take", [take_choice(scene) for scene in selected])
    return data


def find_chosen_model(form: BatchForm, roster: Roster) -> Model | None:
    chosen = form.cleaned_data["model"]
    return roster.find(chosen) if chosen else None


def start_batch(request: HtmxHttpRequest, project: Project, form: BatchForm, roster: Roster) -> HttpResponse:
    try:
        batch = pipeline.enqueue_chosen(
            project,
            form.numbers,
            member=current_user(request),
            model=find_chosen_model(form, roster),
            expected=request.POST.get("expected", ""),
            confirmed=is_confirmed(request),
        )
    except NeedsConfirmation as question:
        return render_confirmation(request, project, question)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        query = urlencode({"take": form.cleaned_data["take"], "model": form.cleaned_data["model"]}, doseq=True)
        return redirect(f"{request.path}?{query}")
    if batch.count:
        messages.success(request, f"{count_noun(batch.count, 'take')} started.")
    if batch.left_out:
        messages.warning(request, batch.left_out_because)
    if batch.offers:
        messages.info(request, f"{count_noun(len(batch.offers), 'scene')} not generated: an up-to-date take exists.")
    return redirect("storyboard", project.pk)
