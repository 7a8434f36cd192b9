"""Renders the views of a storyboard, and redirects back to the page a request came from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import Resolver404, resolve, reverse

from core.htmx import HtmxHttpRequest

#: Templates by URL name.
VIEWS = {"storyboard": "storyboard/storyboard.html", "table": "storyboard/table.html"}


def render_view(request: HtmxHttpRequest, view: str, context: dict[str, Any]) -> HttpResponse:
    # For the filter form, HTMX shows the URL without empty parameters.
    response = render(request, VIEWS[view], context | {"view": view})
    if request.htmx.trigger == "filters":
        response.headers["HX-Replace-Url"] = f"{request.path}{context['scene_filter'].query}"
    return response


def find_origin(request: HtmxHttpRequest) -> tuple[str, str]:
    """URL name and path with query of the app's page that the request came from; empty strings if unknown.

    The path comes from a header: it is resolved to one of the app's own URLs before anything redirects to it.
    """
    try:
        source = urlsplit(request.htmx.current_url_abs_path or request.headers.get("Referer", ""))
        name = resolve(source.path).url_name or ""
    except (ValueError, Resolver404):
        return "", ""
    return name, f"{source.path}?{source.query}" if source.query else source.path


def redirect_to_pictures(project_id: int, scene_id: int | None) -> HttpResponse:
    # Redirect to the frames and references on the scene's page, or in the project's settings.
    url = reverse("scene_page", args=[scene_id]) if scene_id else reverse("project_edit", args=[project_id])
    return redirect(f"{url}#pictures")


def redirect_to_view(request: HtmxHttpRequest, project_id: int, *, at: int | None = None) -> HttpResponse:
    # Redirect to the board or table that the request came from, with its filters; to the board from anywhere else.
    anchor = f"#scene-{at}" if at else ""
    name, path = find_origin(request)
    if name in VIEWS and urlsplit(path).path == reverse(name, args=[project_id]):
        return redirect(path + anchor)
    return redirect(reverse("storyboard", args=[project_id]) + anchor)
