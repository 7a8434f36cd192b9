from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html


def offer_undo(request: HttpRequest, text: str, url: str) -> None:
    """Adds a success message with an Undo button that posts to `url`."""
    button = '<button type="submit" form="actions" formaction="{}" class="link" data-undo>Undo</button>'
    messages.success(request, format_html("{} " + button, text, url))
