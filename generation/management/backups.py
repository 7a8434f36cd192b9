"""A backup is a directory: the database, the files of media with their hashes, and what it is a backup of.

The database is copied first. Files get names that are never used again, so those written meanwhile do no harm. The keys that
decrypt stored secrets go to a directory of their own: a backup that is stolen must not open them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from core import database_copies, secrets
from core.database_copies import CopyFailed
from generation.connections import ResolvedConnection, read_environment
from generation.models import Connection, Generation, Worker
from generation.pipeline import restored
from generation.providers.base import ProviderError, RemoteClip
from generation.providers.registry import lister
from teams.models import Invitation, SignInLink, User

FORMAT = 1
ABOUT, MANIFEST, MEDIA = "backup.json", "media.jsonl", "media"
CHUNK = 2**20
KEY_FILE = "secrets"


@dataclass(frozen=True)
class About:
    format: int
    created_at: str
    database: str
    takes: int
    users: int
    files: int
    bytes: int


# -- Backup ------------------------------------------------------------------------------------------------------------


def back_up(to: Path, keys: Path | None) -> About:
    """Raises CopyFailed and OSError; `to` and `keys` then do not exist."""
    unfinished = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    try:
        created_at = timezone.now()
        database_copies.dump(unfinished / database_copies.file_name())
        files, size = _copy_media(unfinished)
        about = About(
            FORMAT,
            created_at.isoformat(),
            database_copies.file_name(),
            Generation.objects.count(),
            User.objects.count(),
            files,
            size,
        )
        (unfinished / ABOUT).write_text(json.dumps(asdict(about), indent=1))
        if keys:
            secrets.keys()  # makes the first key, if nothing has been encrypted yet
            keys.mkdir(mode=0o700, parents=True)
            shutil.copy2(Path(settings.DATA_DIR) / "keys" / KEY_FILE, keys / KEY_FILE)
        unfinished.rename(to)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        if keys:
            shutil.rmtree(keys, ignore_errors=True)
        raise
    return about


def _copy_media(to: Path) -> tuple[int, int]:
    # Returns how many files were copied, and their bytes. A file that is removed meanwhile is left out.
    root, count, size = Path(settings.MEDIA_ROOT), 0, 0
    with (to / MANIFEST).open("w") as manifest:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            name = path.relative_to(root).as_posix()
            try:
                copied = _copy(path, to / MEDIA / name)
            except FileNotFoundError:
                continue
            manifest.write(json.dumps({"name": name, **copied}) + "\n")
            count, size = count + 1, size + copied["bytes"]
    return count, size


def _copy(source: Path, target: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as copy:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                copy.write(chunk)
    shutil.copystat(source, target)
    return {"bytes": size, "sha256": digest.hexdigest()}


# -- Restore -----------------------------------------------------------------------------------------------------------


def read_about(source: Path) -> About:
    """Raises CopyFailed if it is no backup of this kind of database."""
    try:
        about = About(**json.loads((source / ABOUT).read_text()))
    except FileNotFoundError:
        raise CopyFailed(f"{source} is not a backup: it has no {ABOUT}.") from None
    except (OSError, ValueError, TypeError) as error:
        raise CopyFailed(f"{source / ABOUT} can't be read: {error}.") from None
    if about.format != FORMAT:
        raise CopyFailed(f"This backup has format {about.format}; this version reads format {FORMAT}.")
    if about.database != database_copies.file_name():
        raise CopyFailed(f"This backup has {about.database}. Set DATABASE_URL to a database of that kind.")
    return about


def find_obstacles() -> Iterator[str]:
    # Why nothing can be restored here, as sentences.
    if not database_copies.is_empty():
        yield "The database has tables already. Restore into an empty one."
    if any(Path(settings.MEDIA_ROOT).glob("*")):
        yield f"{settings.MEDIA_ROOT} has files already. Restore into an empty data directory."


def restore(source: Path, about: About, keys: Path | None) -> restored.Outcome:
    """Raises CopyFailed and OSError; media is then empty, and the database too unless its tables could not be updated."""
    root = Path(settings.MEDIA_ROOT)
    unfinished = root.with_name(f".{root.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(parents=True)
        _restore_media(source, unfinished)
        database_copies.load(source / about.database)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if root.exists():
        root.rmdir()
    unfinished.rename(root)
    if keys:
        target = Path(settings.DATA_DIR) / "keys" / KEY_FILE
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(keys / KEY_FILE, target)
        target.chmod(0o600)
    call_command("migrate", verbosity=0)
    return end_what_was_open()


def _restore_media(source: Path, target: Path) -> None:
    with (source / MANIFEST).open() as manifest:
        for line in manifest:
            listed = json.loads(line)
            name = listed.pop("name")
            path = target / name
            if not path.resolve().is_relative_to(target.resolve()):
                raise CopyFailed(f"{MANIFEST} names {name}, which is outside of {MEDIA}.")
            try:
                copied = _copy(source / MEDIA / name, path)
            except FileNotFoundError:
                raise CopyFailed(f"{MEDIA}/{name} is missing from the backup.") from None
            if copied != listed:
                raise CopyFailed(f"{MEDIA}/{name} is damaged: its hash differs.")


@transaction.atomic
def end_what_was_open() -> restored.Outcome:
    # Sessions, sign-in links, invitations, leases and messages of the old installation end.
    Session.objects.all().delete()
    SignInLink.objects.all().delete()
    for invitation in Invitation.objects.open():
        invitation.end(Invitation.Ending.REVOKED)
    OrmQ.objects.all().delete()
    Worker.objects.all().delete()
    cache.clear()
    return restored.take_stock()


# -- What providers have -----------------------------------------------------------------------------------------------


def find_unknown_clips(since: datetime, report: Callable[[str], None]) -> Iterator[tuple[str, RemoteClip]]:
    """Clips made since then that no take has, with the name of their connection.

    `report` gets a sentence for each connection that cannot be asked.
    """
    for connection in _connections():
        account = connection.account
        provider = lister(connection.provider, account)
        if provider is None:
            report(f"{connection.name} can't list its clips. Compare its own usage page with Costs.")
            continue
        try:
            listed = provider.list_clips(account)
        except ProviderError as error:
            report(f"{connection.name} can't be asked: {error.message}")
            continue
        known = set(Generation.objects.exclude(remote_id="").values_list("remote_id", flat=True))
        yield from ((connection.name, clip) for clip in listed if clip.created_at >= since and clip.id not in known)


def _connections() -> list[ResolvedConnection]:
    own = [ResolvedConnection.from_row(row) for row in Connection.live().exclude(team=None)]
    return [*read_environment().values(), *own]
