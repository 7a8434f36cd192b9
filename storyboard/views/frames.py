"""Previews how a frame is cropped or padded for the scene's model."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from core.decoding.contract import Undecodable
from core.decoding.gate import decode
from generation.connections import roster_for
from generation.media import fitting
from generation.quoting.quotes import frame_size
from projects import pictures, thumbnails
from projects.loaders import load_picture
from projects.models import Reference

SHOWN_SIDE = 640


@require_safe
def frame_preview(request: HttpRequest, pk: int, fit: str) -> HttpResponse:
    picture, _ = load_picture(request, pk)
    if picture.scene is None or fit not in Reference.Fit.values:
        raise Http404
    width, height = frame_size(picture.scene, roster_for(picture.project.team_id))

    def make(data: bytes) -> bytes:
        return decode(fitting.preview_fit, data, width, height, fit, SHOWN_SIDE, limits=pictures.LIMITS)

    try:
        shown = thumbnails.keep(picture.image.name, f"{fit}-{width}x{height}", make)
    except (FileNotFoundError, Undecodable):
        raise Http404 from None
    # Safe to cache: the page adds the clip's size to the URL, so another model asks for another URL.
    return HttpResponse(shown, content_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})
