"""The prompt preview beside a scene's fields, and a scene's custom prompt."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from generation import prompting
from generation.connections import roster_for
from generation.prompting import FRAME, TEMPLATES
from projects.scene_edits import FieldChange
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
    # The prompts of the form's current values; invalid fields keep their saved values.
    scene, role = load_scene(request, pk)
    SceneForm(request.POST, instance=scene).full_clean()
    previews = build_previews(scene, roster_for(scene.project.team_id))
    context = {"scene": scene, "previews": previews, "oob": True, "can_edit": role.includes(Role.EDITOR)}
    return render(request, "storyboard/_prompt_panels.html", context)


@require_POST
def custom_prompt(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Save the form, with the prompt that the template `like` renders as the scene's own; without `like`, without one.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    values = request.POST.copy()
    like = values.get("like", "")
    if like and (like not in TEMPLATES or like == FRAME):
        return HttpResponseBadRequest("Unknown template. Reload the page, then try again.")
    SceneForm(values, instance=scene).full_clean()
    discarded = "" if like else scene.custom_prompt
    values["custom_prompt"] = prompting.draft_custom_prompt(scene, like) if like else ""
    scene, role = load_scene(request, pk)  # again: `full_clean` above has written the form's values to the first one
    form = SceneForm(values, instance=scene)
    response = save_or_show(request, form, role, message="Custom prompt saved." if like else "")
    if discarded and not form.errors:
        change = FieldChange(pk, "custom_prompt", discarded, "")
        entry = record_change(scene.project, current_user(request), written=[change])
        offer_entry_undo(request, "Back to the prompt template.", entry)
    return response
