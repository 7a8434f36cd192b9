from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from projects.loaders import load_act
from projects.models import Act
from projects.undoing import take_back
from projects.views.places import back_to_view
from teams.access import signed_in
from teams.models import Role


def offer_undo(request: HttpRequest, text: str, url: str, *, done: str = "") -> None:
    """Say what was done, beside a button that takes it back; `done` is posted with it."""
    button = (
        '<button type="submit" form="actions" formaction="{}" name="done" value="{}" class="link" data-undo>'
        "Undo</button>"
    )
    messages.success(request, format_html("{} " + button, text, url, done))


def offer_to_take_back(request: HttpRequest, text: str, act: Act | None) -> None:
    """The same for an act; silent where nothing was changed."""
    if act:
        offer_undo(request, text, reverse("act_undo", args=[act.pk]))


@require_POST
def act_undo(request: HttpRequest, pk: int) -> HttpResponse:
    act, _ = load_act(request, pk, at_least=Role.EDITOR)
    try:
        messages.success(request, take_back(act, signed_in(request)))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return back_to_view(request, act.project_id)
