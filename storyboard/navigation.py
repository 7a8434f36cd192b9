"""The views of a storyboard, and the way back to the one a request came from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse

from core.htmx import HtmxHttpRequest

#: Templates by the name of their address.
VIEWS = {"storyboard": "storyboard/storyboard.html", "table": "storyboard/table.html"}


def render_view(request: HtmxHttpRequest, view: str, context: dict[str, Any]) -> HttpResponse:
    """HTMX is told the address without what was not asked for."""
    response = render(request, VIEWS[view], context | {"view": view})
    if request.htmx.trigger == "filters":
        response.headers["HX-Replace-Url"] = f"{request.path}{context['scene_filter'].query}"
    return response


def find_origin(request: HtmxHttpRequest) -> tuple[str, str]:
    """Name and address, with its query, of the page of ours the request came from; empty where it is not known."""
    try:
        source = urlsplit(request.htmx.current_url_abs_path or request.headers.get("Referer", ""))
        name = resolve(source.path).url_name or ""
    except (ValueError, Resolver404):
        return "", ""
    return name, f"{source.path}?{source.query}" if source.query else source.path


def redirect_to_pictures(project_id: int, scene_id: int | None) -> HttpResponse:
    """To where frames and references are: on the page of their scene, or in the project's settings."""
    url = reverse("scene_page", args=[scene_id]) if scene_id else reverse("project_edit", args=[project_id])
    return redirect(f"{url}#pictures")


def redirect_to_view(request: HtmxHttpRequest, project_id: int, *, at: int | None = None) -> HttpResponse:
    """To the board or table of the project that the request came from, as it was sifted there; else to the board."""
    anchor = f"#scene-{at}" if at else ""
    name, address = find_origin(request)
    if name in VIEWS and urlsplit(address).path == reverse(name, args=[project_id]):
        return redirect(address + anchor)
    return redirect(reverse("storyboard", args=[project_id]) + anchor)
