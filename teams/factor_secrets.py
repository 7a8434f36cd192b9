"""The secrets of second factors, which allauth stores inside JSON, for key rotation and `manage.py doctor`."""

from __future__ import annotations

from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from django.db import transaction

from core.secrets import SecretStore

#: JSON keys: of an authenticator app, and of recovery codes. A row has one of them; a passkey has neither.
NAMES = ("secret", "seed")


def tokens() -> Iterator[tuple[int, str]]:
    for pk, data in Authenticator.objects.order_by("pk").values_list("pk", "data").iterator():
        yield from ((pk, data[name]) for name in NAMES if data.get(name))


@transaction.atomic
def replace(pk: int, old: str, new: str) -> bool:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    name = next((name for name in NAMES if row and row.data.get(name) == old), None)
    if row is None or name is None:
        return False
    row.data[name] = new
    row.save(update_fields=["data"])
    return True


STORE = SecretStore("second factor", tokens, replace)
