from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html


def offer_undo(request: HttpRequest, text: str, url: str, *, done: str = "") -> None:
    """Say what was done, beside a button that takes it back; `done` is posted with it."""
    button = '<button type="submit" form="actions" formaction="{}" name="done" value="{}" class="link">Undo</button>'
    messages.success(request, format_html("{} " + button, text, url, done))
