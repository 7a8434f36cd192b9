from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html


def offer_undo(request: HttpRequest, text: str, url: str) -> None:
    """Say what was done, beside a button that takes it back."""
    button = '<button type="submit" form="actions" formaction="{}" class="link" data-undo>Undo</button>'
    messages.success(request, format_html("{} " + button, text, url))
