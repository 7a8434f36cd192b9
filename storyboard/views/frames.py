"""Previews how a frame is cropped or padded for the scene's model."""

from __future__ import annotations

import io

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from generation.connections import roster_for
from generation.media import fitting
from generation.quoting.quotes import frame_size
from projects import references
from projects.loaders import load_picture
from projects.models import Reference

SHOWN_SIDE = 640


@require_safe
def frame_preview(request: HttpRequest, pk: int, fit: str) -> HttpResponse:
    picture, _ = load_picture(request, pk)
    if picture.scene is None or fit not in Reference.Fit.values:
        raise Http404
    width, height = frame_size(picture.scene, roster_for(picture.project.team_id))
    try:
        with picture.image.open("rb") as file:
            cut = fitting.fit_picture(file, width, height, fit)
    except FileNotFoundError:
        raise Http404 from None
    shown = references.make_thumbnail(io.BytesIO(cut), SHOWN_SIDE)
    # Safe to cache: the page adds the clip's size to the URL, so another model asks for another URL.
    return HttpResponse(shown, content_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})
