from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from core.undo_message import offer_undo
from generation.models import scenes_with_takes
from projects.loaders import load_undo_entry
from projects.models import UndoEntry
from projects.undo import undo_entry
from storyboard.navigation import find_origin, redirect_to_view
from teams.access import current_user
from teams.models import Role


def offer_entry_undo(request: HttpRequest, text: str, entry: UndoEntry | None) -> None:
    # Show `text` with an Undo button; shows nothing without an entry, when nothing changed.
    if entry:
        offer_undo(request, text, reverse("undo_entry", args=[entry.pk]))


@require_POST
def press_undo(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    # Undo the change, then return to the page the button was on.
    entry, _ = load_undo_entry(request, pk, at_least=Role.EDITOR)
    try:
        messages.success(request, undo_entry(entry, current_user(request), find_used=scenes_with_takes))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    page, path = find_origin(request)
    return redirect(path) if page == "scene_page" else redirect_to_view(request, entry.project_id)
