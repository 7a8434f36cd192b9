"""Pictures and clips as files, for members of the team only."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async
from django.contrib import messages
from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from core.attachments import attachment_headers, cache_headers
from core.slow_work import release_connection
from core.text import file_stem
from generation.loaders import load_take
from generation.media import panels, slates
from generation.media.archive import selected_clips, stream_zip
from generation.media.drawing_tasks import UnreadableClip
from generation.media.range_responses import file_response
from generation.models import Generation
from projects.loaders import load_project, load_scene


@require_safe
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The scene's Previz panel: ?size=large, ?at=end for the last frame, ?overlay=0 without names and arrow.

    The address has a digest of what the picture shows, so browsers may keep it forever.
    """
    scene, _ = load_scene(request, pk)
    asked = request.GET.get
    picture = panels.draw_panel(
        scene, large=asked("size") == "large", overlay=asked("overlay") != "0", at_end=asked("at") == "end"
    )
    headers = cache_headers(request, scene.panel_digest)
    if "download" in request.GET:
        headers |= attachment_headers(f"{scene.file_stem}-previz.webp")
    return HttpResponse(picture, content_type="image/webp", headers=headers)


@require_safe
async def slated_clip(request: HttpRequest, pk: int) -> HttpResponseBase:
    # The clip of a take with title, camera and time burned in, as an attachment.
    take, name = await sync_to_async(load_named_take)(request, pk)
    if not take.clip or not await sync_to_async(default_storage.exists)(take.clip.name):
        raise Http404
    await sync_to_async(release_connection)()
    try:
        path = await asyncio.to_thread(slates.clip_with_slate, take)
    except (OSError, UnreadableClip) as error:
        await sync_to_async(messages.error)(
            request, f"The slate can't be added: {error}. Download the clip without it."
        )
        return redirect("scene_page", take.scene_id)
    response = file_response(request, File(path.open("rb")), content_type="video/mp4", etag=f'"{path.stem}"')
    return add_headers(response, attachment_headers(f"{name.rpartition('.')[0]}-slate.mp4"))


def load_named_take(request: HttpRequest, pk: int) -> tuple[Generation, str]:
    take, _ = load_take(request, pk)
    return take, take.download_name


def add_headers(response: HttpResponseBase, headers: dict[str, str]) -> HttpResponseBase:
    for name, value in headers.items():
        response.headers[name] = value
    return response


@require_safe
def poster(request: HttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk)
    return send_picture(request, take, take.poster)


@require_safe
def filmstrip(request: HttpRequest, pk: int) -> HttpResponse:
    take, _ = load_take(request, pk)
    return send_picture(request, take, take.filmstrip)


def send_picture(request: HttpRequest, take: Generation, stored: FieldFile) -> HttpResponse:
    if not stored:
        raise Http404
    with stored.open("rb") as picture:
        data = picture.read()
    return HttpResponse(data, content_type="image/webp", headers=cache_headers(request, take.files_version))


@require_safe
async def clip(request: HttpRequest, pk: int) -> HttpResponseBase:
    # What players play, whole or in ranges: the copy for browsers where there is one. With ?download the clip itself, as it
    # came from the provider, as an attachment named by scene and take.
    take, name = await sync_to_async(load_named_take)(request, pk)
    as_attachment = "download" in request.GET
    file, content_type = choose_file(take, original=as_attachment)
    if not file.name or not await sync_to_async(default_storage.exists)(file.name):
        raise Http404
    etag = f'"{take.files_version}{"-original" if as_attachment else ""}"'
    response = file_response(request, file, content_type=content_type, etag=etag)
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment, name) or "inline"
    return add_headers(response, cache_headers(request, take.files_version))


def choose_file(take: Generation, *, original: bool) -> tuple[FieldFile, str]:
    # The file, and its content type.
    if take.browser_copy and not original:
        return take.browser_copy, "video/mp4"
    return take.clip, take.info.content_type if take.info else "video/mp4"


@require_safe
async def clips_zip(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All selected takes of a project in one ZIP, written while it is sent.

    Checked first: once the first byte is sent, a missing clip could only break the download off.
    """
    project, _ = await sync_to_async(load_project)(request, pk)
    takes = await sync_to_async(selected_clips)(project)
    if not takes:
        raise Http404
    if missing := [
        str(take.scene) for take in takes if not await sync_to_async(default_storage.exists)(take.clip.name)
    ]:
        messages.error(request, f"Clips missing from storage: {', '.join(missing)}. Generate them again first.")
        return redirect("storyboard", pk)
    archive, size = await sync_to_async(stream_zip)(takes)
    headers = attachment_headers(f"{file_stem(project.title, 'clips')}.zip") | {"Content-Length": str(size)}
    return StreamingHttpResponse(archive, content_type="application/zip", headers=headers)
