from __future__ import annotations

from datetime import UTC, datetime

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from projects.loaders import load_project
from storyboard import live
from storyboard.loaders import load_scene
from teams.access import current_user
from teams.models import Role


@require_safe
async def project_stream(request: HttpRequest, pk: int) -> HttpResponseBase:
    # The event stream of a board or table. `since` is when the page was rendered, in seconds of the database's clock.
    project, role = await sync_to_async(load_project)(request, pk)
    page = live.Page.TABLE if request.GET.get("page") == live.Page.TABLE else live.Page.STORYBOARD
    audience = live.Audience(project.pk, page, role.includes(Role.EDITOR))
    return _stream(request, audience, project.team_id)


@require_safe
async def scene_stream(request: HttpRequest, pk: int) -> HttpResponseBase:
    scene, role = await sync_to_async(load_scene)(request, pk)
    audience = live.Audience(scene.project_id, live.Page.SCENE, role.includes(Role.EDITOR), scene_id=scene.pk)
    return _stream(request, audience, scene.project.team_id)


def _stream(request: HttpRequest, audience: live.Audience, team_id: int) -> HttpResponseBase:
    try:
        # EventSource sends the id of the last message when it reconnects: that is newer than the page's own `since`.
        cursor = float(request.headers.get("Last-Event-ID") or request.GET.get("since") or "0")
        since = datetime.fromtimestamp(max(cursor, 86_400.0), UTC)
    except (ValueError, OverflowError, OSError):
        return HttpResponseBadRequest("`since` must be a time in seconds.")
    viewer = live.Viewer(team_id, current_user(request).pk, request.session.session_key)
    if not live.feed().has_room(viewer.session_key):
        return HttpResponse("Too many pages are open. Close some to see changes here.", status=429)
    return StreamingHttpResponse(
        live.feed().watch(audience, viewer, since),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
