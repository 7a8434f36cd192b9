"""`manage.py backup` and `restore`: between two real installations, on the suite's database."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.installation import ROOT, Installation
from tests.standin import StandIn, standing_in

pytestmark = [pytest.mark.database, pytest.mark.timeout(240)]
CALL = "import django; django.setup(); from tests.generation.management import backup_site; backup_site.{}()"
MakeSite = Callable[..., Installation]


@pytest.fixture
def sora() -> Iterator[StandIn]:
    with standing_in() as provider:
        provider.state.seconds_needed = 60
        yield provider


@pytest.fixture
def make_site(sora: StandIn) -> Iterator[MakeSite]:
    sites: list[Installation] = []

    def make(*, migrate: bool) -> Installation:
        site = Installation(database=os.environ.get("DATABASE_URL", ""), static=False, migrate=migrate)
        sites.append(site.__enter__())
        account = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{sora.url}/openai/v1", "SORA_PRESET": "openai"}
        site.environment |= account | {"DJANGO_SETTINGS_MODULE": "imageai_web.settings"}
        return site

    yield make
    for site in sites:
        site.__exit__()


def manage(site: Installation, *arguments: str | Path) -> tuple[int, str]:
    command = [sys.executable, "manage.py", *map(str, arguments)]
    done = subprocess.run(command, env=site.environment, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def call(site: Installation, name: str) -> Any:
    command = [sys.executable, "-c", CALL.format(name)]
    done = subprocess.run(command, env=site.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else None


def test_a_backup_is_restored_and_nothing_is_paid_twice(make_site: MakeSite, sora: StandIn, tmp_path: Path):
    old, new = make_site(migrate=True), make_site(migrate=False)
    with closing(sqlite3.connect(old.data / "db.sqlite3")) as reader:
        if not old.server:
            reader.execute("SELECT count(*) FROM teams_user").fetchone()  # rows stay in the write-ahead log
        call(old, "fill")
        before = call(old, "describe")
        code, output = manage(old, "backup", tmp_path / "backup", "--keys", tmp_path / "keys")
    assert (code, "Backup written to" in output) == (0, True), output
    assert not list((tmp_path / "backup").rglob("secret*"))
    call(old, "advance")  # after the backup the take is sent, and paid for
    assert len(sora.state.charges) == 1

    code, output = manage(new, "restore", tmp_path / "backup", "--keys", tmp_path / "keys")
    assert (code, "Restored the backup of" in output) == (0, True), output
    assert "Waiting to be sent at the time of the backup: 1." in output
    assert "Unknown to the backup: video_1 at " in output
    restored = call(new, "describe")
    kept = ("clip", "references", "reserved", "members")
    assert {name: restored[name] for name in kept} == {name: before[name] for name in kept}
    assert restored["takes"] == [["completed", ""], ["submitting", ""]]
    assert {restored[name] for name in ("sessions", "links", "invitations", "workers")} == {0}
    secrets = [(site.data / "keys" / "secrets").read_bytes() for site in (old, new)]
    assert secrets[0] == secrets[1]

    call(new, "advance")
    assert call(new, "describe")["takes"][1] == ["running", "video_1"]
    assert len(sora.state.charges) == 1


@pytest.mark.long
def test_a_restore_refuses_what_is_not_empty_or_damaged(make_site: MakeSite, tmp_path: Path):
    old, new = make_site(migrate=True), make_site(migrate=False)
    call(old, "fill")
    backup = tmp_path / "backup"
    assert manage(old, "backup", backup)[0] == 0
    assert manage(old, "backup", backup) == (2, f"UsageError: {backup} exists already. Give a new directory.\n")
    code, output = manage(old, "restore", backup)
    assert (code, "The database has tables already." in output) == (2, True)
    (damaged,) = backup.rglob("clip.mp4")
    damaged.write_bytes(b"x" + damaged.read_bytes()[1:])
    code, output = manage(new, "restore", backup)
    assert (code, "is damaged: its hash differs." in output) == (1, True)
    assert not list((new.data / "media").rglob("*")) if (new.data / "media").exists() else True
    damaged.unlink()
    code, output = manage(new, "restore", backup)
    assert (code, "is missing from the backup." in output) == (1, True)
    code, output = manage(new, "restore", tmp_path)
    assert (code, f"{tmp_path} is not a backup" in output) == (1, True)
