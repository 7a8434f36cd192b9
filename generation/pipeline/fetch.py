"""Downloads a finished clip. It is paid for, so the take never fails: it is tried again, then left to a person."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db.models import F
from django.utils import timezone

from generation.connections import GivenKey, resolve_account
from generation.jobs.lease import Lease
from generation.media import storage
from generation.models import Generation
from generation.pipeline.store import SILENT_SECONDS, store_clip, throttled
from generation.pipeline.transitions import MAX_ATTEMPTS, back_off, end
from generation.providers.base import Account, ErrorKind, ProviderError
from generation.providers.registry import remote_provider, thumbnailer
from generation.states import Status


def fetch(lease: Lease, *, key: GivenKey | None = None) -> None:
    """Download the clip and complete the take. At least once: every attempt may start over. Raises LeaseLost."""
    take = lease.job
    lease.write(attempt=F("attempt") + 1, waiting_until=None, hold_for=SILENT_SECONDS)
    try:
        with storage.scratch_file(take.pk, lease.token) as path:
            account = resolve_account(take, key)
            # An earlier attempt may have stored the file and died before it wrote the row.
            if not storage.recover_clip(take, path):
                remote_provider(take.provider).fetch(
                    account, take.remote_id, path, throttled(lambda **_: lease.write(hold_for=SILENT_SECONDS))
                )
            store_clip(lease, path, partial(_fetch_poster, account, take))
    except (ProviderError, storage.NotAClip, OSError) as error:
        message, tries = f"The clip is ready but couldn't be downloaded: {error}", take.attempt + 1
        if tries >= MAX_ATTEMPTS:
            end(lease, Status.UNKNOWN, error_kind=ErrorKind.PROVIDER, error_message=message)
        else:
            seconds = back_off(take.attempt)
            waiting_for = f"Download failed ({tries} of {MAX_ATTEMPTS} tries): {error}".rstrip(".")[:300]
            until = timezone.now() + timedelta(seconds=seconds)
            lease.release(next_step_in=seconds, error_message=message, waiting_for=waiting_for, waiting_until=until)


def _fetch_poster(account: Account, take: Generation) -> bytes:
    # A paid clip must not wait for its thumbnail. Without one, the poster is a frame of the clip.
    provider = thumbnailer(take.provider, account)
    try:
        return provider.thumbnail(account, take.remote_id) if provider else b""
    except ProviderError:
        return b""
