"""Uses frames of clips as start frames, end frames or references, and chains scenes by their last frames."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from core.plurals import count_noun
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
            raise ValidationError("This take isn't finished yet. Use a frame once it is done.")
        if not form.is_valid():
            raise ValidationError([error for errors in form.errors.values() for error in errors])
        extracted = frame_chaining.use_frame(
            take, form.when, take.scene, form.role, member=current_user(request), **form.names
        )
    except ValidationError as error:
        return render_refusal(request, take.scene, error, Page.SCENE)
    text = describe_extraction(take, form.when, extracted.picture)
    offer_entry_undo(request, text, record_pictures(request, take.scene, extracted))
    return render_scene_parts(request, take.scene, PICTURES)


def describe_extraction(take: Generation, moment: stills.Moment, picture: Reference) -> str:
    use = picture.get_role_display().lower()
    if picture.role not in Reference.FRAMES:
        use = f"reference ({picture.get_kind_display().lower()})"
    return f"{frame_chaining.describe_moment(moment)} of take {take.number} set as {use}."


@require_POST
def scene_chain(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # The last frame of the scene's selected take becomes the start frame of the next scene.
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    try:
        extracted = frame_chaining.chain_scene(scene, member=current_user(request))
    except ValidationError as error:
        return render_refusal(request, scene, error, Page.SCENE)
    target = extracted.picture.scene
    assert target is not None, "a start frame belongs to a scene"
    text = f"Scene {target.position} now starts with the last frame of this scene."
    offer_entry_undo(request, text, record_pictures(request, scene, extracted))
    return render_scene_parts(request, scene)


def record_pictures(request: HtmxHttpRequest, scene: Scene, extracted: ExtractedFrame) -> UndoEntry | None:
    return record_change(scene.project, current_user(request), pictures=[(extracted.picture, extracted.replaced)])


@require_POST
def project_chain(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Chain every scene without a start frame that follows a scene with a selected take.
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    chained = frame_chaining.chain_all(project, member=current_user(request))
    for reason in chained.refused:
        messages.error(request, reason)
    if chained.pictures:
        pictures = [(picture, None) for picture in chained.pictures]
        entry = record_change(project, current_user(request), pictures=pictures)
        offer_entry_undo(request, describe_chain(chained), entry)
    elif not chained.refused:
        messages.info(request, "Every scene that follows a selected take already has a start frame.")
    return redirect("storyboard", pk)


def describe_chain(chained: ChainResult) -> str:
    positions = [str(picture.scene.position) for picture in chained.pictures if picture.scene]
    scenes = f"Scene {positions[0]} now starts"
    if len(positions) > 1:
        scenes = f"Scenes {', '.join(positions[:-1])} and {positions[-1]} now start"
    more = f" {count_noun(chained.left, 'scene')} left: press Chain all again." if chained.left else ""
    return f"{scenes} with the last frame of the previous scene.{more}"
