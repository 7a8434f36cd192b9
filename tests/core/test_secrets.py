"""Secrets at rest: encrypted with the newest key, decrypted by every key, never shown."""

from __future__ import annotations

import stat
import threading
from io import StringIO
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import call_command
from django.forms import modelform_factory

from core import secrets
from core.secrets import Sealed, Unreadable, seal, unseal
from generation.management import doctor
from generation.models import Connection
from teams.models import Team, User

pytestmark = pytest.mark.django_db


def key_file(settings) -> Path:
    return Path(settings.DATA_DIR) / "keys" / "secrets"


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("rotate_keys", *arguments, stdout=out, stderr=out)
    assert isinstance(ended.value.code, int)
    return ended.value.code, out.getvalue()


@pytest.fixture
def connection(team: Team) -> Connection:
    return Connection.objects.create(team=team, provider="omni", name="Gemini", key=Sealed.from_text("the secret key"))


def test_a_sealed_text_can_be_unsealed_and_its_key_file_is_private(settings):
    sealed = seal("the secret key")
    assert "secret" not in sealed
    assert unseal(sealed) == "the secret key"
    assert seal("the secret key") != sealed
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_processes_that_start_together_create_one_key(settings):
    sealed: list[str] = []
    threads = [threading.Thread(target=lambda: sealed.append(seal("x"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [unseal(text) for text in sealed] == ["x"] * 8
    assert len(key_file(settings).read_text().split()) == 1
    assert [path.name for path in key_file(settings).parent.iterdir()] == ["secrets"]


def test_environment_keys_take_precedence_over_the_key_file(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SECRET_KEYS = [old]
    sealed = seal("x")
    settings.SECRET_KEYS = [new, old]
    assert (unseal(sealed), secrets.is_current(sealed), key_file(settings).exists()) == ("x", False, False)
    settings.SECRET_KEYS = [new]
    with pytest.raises(Unreadable):
        unseal(sealed)
    settings.SECRET_KEYS = ["not a key"]
    with pytest.raises(Unreadable, match="is malformed: expected 32 bytes"):
        seal("x")


def test_a_stored_secret_is_not_in_repr_json_or_forms(connection: Connection):
    read = Connection.objects.get()
    assert read.key.reveal() == "the secret key"
    assert repr(read.key) == str(read.key) == "(sealed)"
    serialized = serializers.serialize("json", [read])
    assert "the secret key" not in serialized
    assert read.key.token not in serialized
    assert "key" not in modelform_factory(Connection, fields="__all__")().fields
    with pytest.raises(TypeError, match="never plain text"):
        Connection.objects.filter(pk=read.pk).update(key="plain")


def test_rotation_re_encrypts_every_secret_and_then_drops_the_old_key(settings, connection: Connection):
    before = connection.key.token
    assert run("--drop-old") == (0, "Removed 0 old keys.\n")
    assert run() == (0, "Added a new key.\nRe-encrypted 1 secret with the first key.\n")
    connection.refresh_from_db()
    assert connection.key.token != before
    assert len(key_file(settings).read_text().split()) == 2
    assert run("--continue") == (0, "Re-encrypted 0 secrets with the first key.\n")
    assert run("--drop-old") == (0, "Removed 1 old key.\n")
    assert connection.key.reveal() == "the secret key"
    assert stat.S_IMODE(key_file(settings).stat().st_mode) == 0o600


def test_rotation_re_encrypts_second_factors(alice: User):
    factor = Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={"secret": seal("JBSWY3DP")})
    before = factor.data["secret"]
    assert run() == (0, "Added a new key.\nRe-encrypted 1 secret with the first key.\n")
    factor.refresh_from_db()
    assert (factor.data["secret"] != before, unseal(factor.data["secret"])) == (True, "JBSWY3DP")
    assert secrets.is_current(factor.data["secret"])


def test_an_interrupted_rotation_can_be_continued(settings, connection: Connection, team: Team):
    other = Connection.objects.create(team=team, provider="omni", name="Another", key=Sealed.from_text("another"))
    secrets.add_key()
    Connection.objects.filter(pk=connection.pk).update(key=Sealed.from_text("the secret key"))
    assert run("--drop-old") == (1, "Still encrypted with an old key: 1 secret. Run without --drop-old first.\n")
    assert run("--continue") == (0, "Re-encrypted 1 secret with the first key.\n")
    other.refresh_from_db()
    assert (secrets.is_current(other.key.token), other.key.reveal()) == (True, "another")


def test_rotation_does_not_overwrite_a_secret_changed_meanwhile(connection: Connection):
    store = next(store for store in secrets.find_stores() if store.name.startswith("connection"))
    stale = connection.key.token
    Connection.objects.update(key=Sealed.from_text("a newer key"))
    assert not store.replace(connection.pk, stale, seal("the secret key"))
    assert Connection.objects.get().key.reveal() == "a newer key"


def test_an_unreadable_secret_is_reported_by_doctor_and_rotation(settings, connection: Connection):
    assert list(doctor.keys()) == []
    key_file(settings).write_text(Fernet.generate_key().decode())
    (finding,) = doctor.keys()
    assert finding.message == (
        f"Can't decrypt connection key of {connection.pk}: no key of this server fits. Restore IMAGEAI_SECRET_KEYS or "
        "keys/secrets from a backup, or enter them again."
    )
    assert run() == (
        1,
        "Added a new key.\nRe-encrypted 0 secrets with the first key.\n"
        "Can't decrypt 1 secret. Run “manage.py doctor” for the list.\n",
    )


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe\x00", "schlüssel".encode()])
def test_a_key_file_without_a_key_says_so(settings, tmp_path, content: bytes):
    settings.DATA_DIR, settings.SECRET_KEYS = tmp_path, []
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secrets").write_bytes(content)
    for use in (lambda: secrets.seal("x"), lambda: secrets.unseal("x"), lambda: secrets.is_current("x")):
        with pytest.raises(secrets.Unreadable, match="holds no key"):
            use()
