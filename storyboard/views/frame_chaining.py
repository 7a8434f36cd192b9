"""Taking a frame of a clip as start frame, end frame or reference, and chaining scenes by their last frames."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from generation.loaders import load_take
from generation.media import stills
from generation.models import Generation
from generation.takes import frame_chaining
from generation.takes.frame_chaining import ChainResult, ExtractedFrame
from projects.loaders import load_project
from projects.models import Reference, Scene, UndoEntry
from projects.undo import record_change
from storyboard.forms.frame import FrameForm
from storyboard.live import Page
from storyboard.loaders import load_scene
from storyboard.responses import PICTURES, render_refusal, render_scene_parts
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


@require_POST
def take_frame(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk, at_least=Role.EDITOR)
    form = FrameForm(request.POST, take=take)
    try:
        if not take.is_done:
            raise ValidationError("Only a finished take has frames to use.")
        if not form.is_valid():
            raise ValidationError([error for errors in form.errors.values() for error in errors])
        taken = frame_chaining.use_frame(
            take, form.when, take.scene, form.role, member=current_user(request), **form.names
        )
    except ValidationError as error:
        return render_refusal(request, take.scene, error, Page.SCENE)
    offer_entry_undo(request, what_was_taken(take, form.when, taken.picture), remembered(request, take.scene, taken))
    return render_scene_parts(request, take.scene, PICTURES)


def what_was_taken(take: Generation, moment: stills.Moment, picture: Reference) -> str:
    now = f"the {picture.get_role_display().lower()}"
    if picture.role not in Reference.FRAMES:
        now = f"a reference ({picture.get_kind_display().lower()})"
    return f"{frame_chaining.describe_moment(moment)} of take {take.number} is {now} of this scene now."


@require_POST
def scene_chain(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """The last frame of the scene's selected take becomes the start frame of the next scene."""
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        taken = frame_chaining.chain_scene(scene, member=current_user(request))
    except ValidationError as error:
        return render_refusal(request, scene, error, Page.SCENE)
    following = taken.picture.scene
    said = f"Scene {following} begins with the last frame of this scene now."
    offer_entry_undo(request, said, remembered(request, scene, taken))
    return render_scene_parts(request, scene)


def remembered(request: HtmxHttpRequest, scene: Scene, taken: ExtractedFrame) -> UndoEntry | None:
    return record_change(scene.project, current_user(request), put=[(taken.picture, taken.replaced)])


@require_POST
def project_chain(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Chain every scene that has no start frame yet and follows one with a selected take."""
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    chained = frame_chaining.chain_all(project, member=current_user(request))
    for sentence in chained.refused:
        messages.error(request, sentence)
    if chained.pictures:
        act = record_change(project, current_user(request), put=[(picture, None) for picture in chained.pictures])
        offer_entry_undo(request, what_was_chained(chained), act)
    elif not chained.refused:
        messages.info(request, "Every scene that follows a selected take has a start frame already.")
    return redirect("storyboard", pk)


def what_was_chained(chained: ChainResult) -> str:
    positions = [str(picture.scene.position) for picture in chained.pictures if picture.scene]
    begins = f"Scene {positions[0]} begins"
    if len(positions) > 1:
        begins = f"Scenes {', '.join(positions[:-1])} and {positions[-1]} begin"
    more = f" {chained.left} are left; press Chain all again for them." if chained.left else ""
    return f"{begins} with the last frame of the scene before.{more}"
