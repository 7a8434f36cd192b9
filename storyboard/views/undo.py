from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.htmx import HtmxHttpRequest
from core.undo_message import offer_undo
from generation.models import scenes_with_takes
from projects.loaders import load_act
from projects.models import Act
from projects.undo import take_back
from storyboard.navigation import back_to_view, came_from
from teams.access import signed_in
from teams.models import Role


def offer_to_take_back(request: HttpRequest, text: str, act: Act | None) -> None:
    """The same for an act; silent where nothing was changed."""
    if act:
        offer_undo(request, text, reverse("act_undo", args=[act.pk]))


@require_POST
def act_undo(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    """Ends on the page it was pressed on."""
    act, _ = load_act(request, pk, at_least=Role.EDITOR)
    try:
        messages.success(request, take_back(act, signed_in(request), find_used=scenes_with_takes))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    page, address = came_from(request)
    return redirect(address) if page == "scene_page" else back_to_view(request, act.project_id)
