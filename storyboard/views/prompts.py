"""What models are told: the preview beside a scene's fields, a prompt of its own, and a team's copies of the templates."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from generation import prompting
from generation.connections import roster_for
from generation.prompting import FRAME, TEMPLATES
from projects.storyboard import FieldChange
from projects.undo import record_change
from storyboard.forms.scene import SceneForm
from storyboard.loaders import load_scene
from storyboard.prompt_previews import build_previews
from storyboard.views.scene import save_or_show
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


@require_POST
def prompt_preview(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """What would be sent if the form were saved as it stands; what is not valid yet stays as it was."""
    scene, role = load_scene(request, pk)
    SceneForm(request.POST, instance=scene).full_clean()
    previews = build_previews(scene, roster_for(scene.project.team_id))
    context = {"scene": scene, "previews": previews, "oob": True, "can_edit": role.includes(Role.EDITOR)}
    return render(request, "storyboard/_prompt_panels.html", context)


@require_POST
def own_prompt(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Save the form with what the template `like` makes of it as the scene's own prompt; without one, with none."""
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    values = request.POST.copy()
    like = values.get("like", "")
    if like and (like not in TEMPLATES or like == FRAME):
        return HttpResponseBadRequest("There is no such template.")
    SceneForm(values, instance=scene).full_clean()
    given_up = "" if like else scene.own_prompt
    values["own_prompt"] = prompting.draft_own_prompt(scene, like) if like else ""
    scene, role = load_scene(request, pk)
    form = SceneForm(values, instance=scene)
    response = save_or_show(request, form, role, said="This scene has a prompt of its own now." if like else "")
    if given_up and not form.errors:
        act = record_change(scene.project, current_user(request), written=[FieldChange(pk, "own_prompt", given_up, "")])
        offer_entry_undo(request, "The template makes the prompt again.", act)
    return response
