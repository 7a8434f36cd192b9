from __future__ import annotations

from pathlib import Path

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from core.attachments import cache_headers
from core.decoding.contract import Undecodable
from core.decoding.gate import decode
from core.undo_message import offer_undo
from generation.media import quota
from projects import pictures, references, thumbnails
from projects.loaders import load_picture, load_project
from projects.models import Project, Reference, Scene
from storyboard.forms.scene import PictureForm
from storyboard.loaders import load_scene
from storyboard.navigation import redirect_to_pictures
from teams.access import current_user
from teams.models import Role

THUMBNAIL_SIDE = 480


@require_POST
def scene_picture_add(request: HttpRequest, pk: int) -> HttpResponse:
    scene, _ = load_scene(request, pk, at_least=Role.EDITOR)
    return add_uploaded_picture(request, scene.project, scene)


@require_POST
def project_picture_add(request: HttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    return add_uploaded_picture(request, project, None)


def add_uploaded_picture(request: HttpRequest, project: Project, scene: Scene | None) -> HttpResponse:
    form = PictureForm(request.POST, request.FILES, scene=scene)
    try:
        quota.require_room(project.team_id)
        if not form.is_valid():
            raise ValidationError([error for errors in form.errors.values() for error in errors])
        fields = {name: form.cleaned_data[name] for name in ("kind", "label")}
        role = Reference.Role(form.cleaned_data["role"])
        references.add_reference(
            project, scene, role, form.cleaned_data["image"], member=current_user(request), **fields
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_pictures(project.pk, scene.pk if scene else None)


@require_safe
def picture_file(request: HttpRequest, pk: int) -> HttpResponse:
    # The picture, or with ?size=small its thumbnail.
    picture, _ = load_picture(request, pk, deleted_too=True)
    try:
        if request.GET.get("size") == "small":
            data, content_type = thumbnails.keep(picture.image.name, f"{THUMBNAIL_SIDE}", shrink), "image/webp"
        else:
            with picture.image.open("rb") as file:
                data, content_type = file.read(), references.CONTENT_TYPES[Path(picture.image.name).suffix]
    except (FileNotFoundError, Undecodable):
        raise Http404 from None
    return HttpResponse(data, content_type=content_type, headers=cache_headers(request, picture.file_version))


def shrink(data: bytes) -> bytes:
    return decode(pictures.shrink, data, THUMBNAIL_SIDE, limits=pictures.LIMITS)


@require_POST
def picture_fit(request: HttpRequest, pk: int) -> HttpResponse:
    picture, _ = load_picture(request, pk, at_least=Role.EDITOR)
    if request.POST.get("fit") in Reference.Fit.values:
        references.change_fit(picture, Reference.Fit(request.POST["fit"]))
    return redirect_to_pictures(picture.project_id, picture.scene_id)


@require_POST
def picture_remove(request: HttpRequest, pk: int) -> HttpResponse:
    picture, _ = load_picture(request, pk, at_least=Role.EDITOR)
    references.remove(picture)
    offer_undo(request, f"{picture.get_role_display()} removed.", reverse("picture_restore", args=[pk]))
    return redirect_to_pictures(picture.project_id, picture.scene_id)


@require_POST
def picture_restore(request: HttpRequest, pk: int) -> HttpResponse:
    picture, _ = load_picture(request, pk, at_least=Role.EDITOR, deleted_too=True)
    try:
        references.restore(picture)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect_to_pictures(picture.project_id, picture.scene_id)
