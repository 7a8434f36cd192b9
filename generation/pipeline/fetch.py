"""Downloads a finished clip. It is paid for, so the take never fails: it is tried again, then left to a person."""

from __future__ import annotations

from functools import partial

from django.db.models import F

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
    lease.write(attempt=F("attempt") + 1, hold_for=SILENT_SECONDS)
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
        message = f"The clip is ready but couldn't be downloaded: {error}"
        if take.attempt + 1 >= MAX_ATTEMPTS:
            end(lease, Status.UNKNOWN, error_kind=ErrorKind.PROVIDER, error_message=message)
        else:
            lease.release(next_step_in=back_off(take.attempt), error_message=message)


def _fetch_poster(account: Account, take: Generation) -> bytes:
    # A paid clip must not wait for its thumbnail. Without one, the poster is a frame of the clip.
    provider = thumbnailer(take.provider, account)
    try:
        return provider.thumbnail(account, take.remote_id) if provider else b""
    except ProviderError:
        return b""
