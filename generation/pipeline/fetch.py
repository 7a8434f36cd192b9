"""Downloads a finished clip. It is paid for, so the take never fails: it is tried again, then left to a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.db.models import F
from django.utils import timezone

from generation.connections import GivenKey, resolve_account
from generation.jobs.lease import Lease
from generation.media import storage
from generation.media.decoding import NotAClip
from generation.models import Generation
from generation.pipeline.store import SILENT_SECONDS, keep_unreadable, store_clip, throttled
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
            # An earlier attempt may have stored the file and died before it wrote the row. What the row has already was
            # reviewed, and a person asked for it again.
            if take.clip or not storage.recover_clip(take, path):
                remote_provider(take.provider).fetch(
                    account, take.remote_id, path, throttled(lambda **_: lease.write(hold_for=SILENT_SECONDS))
                )
            _store(lease, path, partial(_fetch_poster, account, take))
    except (ProviderError, NotAClip, OSError) as error:
        message = f"The clip is ready but couldn't be downloaded: {error}"
        if _is_last_attempt(take):
            end(lease, Status.UNKNOWN, error_kind=ErrorKind.PROVIDER, error_message=message)
        else:
            seconds = back_off(take.attempt, error)
            waiting_for = f"Download failed ({take.attempt + 1} of {MAX_ATTEMPTS} tries): {error}".rstrip(".")[:300]
            until = timezone.now() + timedelta(seconds=seconds)
            lease.release(next_step_in=seconds, error_message=message, waiting_for=waiting_for, waiting_until=until)


def _store(lease: Lease, path: Path, read_poster: Callable[[], bytes]) -> None:
    try:
        store_clip(lease, path, read_poster)
    except NotAClip as error:
        if not _is_last_attempt(lease.job) or not path.stat().st_size:
            raise
        keep_unreadable(lease, path, f"The provider's file is no clip: {error}.")


def _is_last_attempt(take: Generation) -> bool:
    return take.attempt + 1 >= MAX_ATTEMPTS


def _fetch_poster(account: Account, take: Generation) -> bytes:
    # A paid clip must not wait for its thumbnail. Without one, the poster is a frame of the clip.
    provider = thumbnailer(take.provider, account)
    try:
        return provider.thumbnail(account, take.remote_id) if provider else b""
    except ProviderError:
        return b""
